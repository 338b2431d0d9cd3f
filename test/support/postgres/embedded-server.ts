import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { createDataFolder } from '../../../src/platform/database/embedded/create-data-folder.ts';
import { dataFolderPath, openFolder } from '../../../src/platform/database/embedded/data-folder.ts';
import { serverPid } from '../../../src/platform/database/embedded/server-process.ts';

const USER_PROGRAM = new URL('./embedded-server-user.ts', import.meta.url).pathname;

/** @returns the process ID of the server that runs in a DATA_DIR */
export function pidOfServer(dataDir: string): number | undefined {
  let folder: ReturnType<typeof openFolder>;
  try {
    folder = openFolder(dataFolderPath(dataDir), dataDir, () => undefined);
  } catch {
    return undefined;
  }
  try {
    return serverPid(folder);
  } finally {
    folder.close();
  }
}

/** Waits until no server runs in a DATA_DIR: the timeout of the test is its limit. */
export async function serverGone(dataDir: string): Promise<void> {
  while (pidOfServer(dataDir) !== undefined) await pause(10);
}

/** A DATA_DIR of a test. @returns its path, and `remove`, which also ends the server that a failed test left in it */
export async function makeDataDir(): Promise<{ dataDir: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ic-idp-test-'));
  const dataDir = join(folder, 'data');
  return {
    dataDir,
    async remove() {
      await endServer(dataDir);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Ends the server that a killed process left in a DATA_DIR, if any. */
export async function endServer(dataDir: string): Promise<void> {
  const pid = pidOfServer(dataDir);
  if (pid !== undefined) process.kill(pid, 'SIGQUIT');
  await serverGone(dataDir);
}

/** Ends the servers that killed processes left anywhere below a folder, which is about to be removed. */
export function endServersBelow(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('postgresql/postmaster.pid'))) {
    const pid = pidOfServer(join(folder, dirname(dirname(file))));
    if (pid !== undefined) process.kill(pid, 'SIGQUIT');
  }
}

/** Makes an empty embedded database in `template`, to be copied by `copyEmbeddedDatabase`, unless it is there. */
export async function makeTemplate(template: string): Promise<void> {
  await mkdir(template, { recursive: true, mode: 0o700 });
  if (!existsSync(dataFolderPath(template))) (await createDataFolder(template)).close();
}

/** Copies a fresh embedded database, with owners and modes, as `initdb` takes seconds on a busy machine. */
export async function copyEmbeddedDatabase(template: string, dataDir: string): Promise<void> {
  const to = dataFolderPath(dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await cp(dataFolderPath(template), to, { recursive: true, preserveTimestamps: true, errorOnExist: true });
  // fs.cp keeps modes but not owners.
  const from = openFolder(dataFolderPath(template), template, () => undefined);
  const { uid, gid } = from.user;
  from.close();
  if (uid === undefined || gid === undefined) return;
  const chown = spawn('chown', ['-R', `${uid}:${gid}`, to], { stdio: 'ignore' });
  const [code] = await once(chown, 'close');
  if (code !== 0) throw new Error(`chown of ${to} failed`);
}

/** Runs one statement. @returns its rows */
export async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process that uses the embedded database of a DATA_DIR until it is asked to release it or is killed. */
export interface UserProcess {
  readonly pid: number;
  /** Resolves when it uses the database. @throws Error with its output if it ends before that */
  readonly ready: Promise<void>;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  release(): void;
  kill(signal: NodeJS.Signals): void;
}

/** @param owner runs the process as another user @param detached gives it its own process group */
export function startUserProcess(
  dataDir: string,
  { owner = {}, detached = false }: { owner?: { uid?: number; gid?: number }; detached?: boolean } = {},
): UserProcess {
  const child = spawn(process.execPath, [USER_PROGRAM, dataDir], {
    ...owner,
    cwd: '/',
    env: { PATH: process.env.PATH },
    detached,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const errors = text(child.stderr);
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const lines = createInterface({ input: child.stdout });
  const ready = Promise.race([
    once(lines, 'line').then(() => undefined),
    ended.then(async () => {
      throw new Error(`The process ended: ${await errors}`);
    }),
  ]);
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    ready,
    ended,
    release: () => child.stdin.end(),
    kill: (signal) => void child.kill(signal),
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type { HsmSettings } from '../../../src/core/keys/hsm/hsm.ts';
import { runTool } from '../saml/xml-tools.ts';
import { isPkcs11jsBuilt, NO_PKCS11JS, remoteLibrary, remoteServer, softHsmLibrary } from './pkcs11-programs.ts';

/** An object of a token, as a separate program reads it (token-objects.ts). */
export interface TokenObject {
  readonly kind: 'private' | 'public';
  readonly label: string;
  readonly sensitive: boolean;
  readonly alwaysSensitive: boolean;
  readonly extractable: boolean;
  readonly neverExtractable: boolean;
  /** The token's answer when asked for the private exponent, or the private value. */
  readonly secret: string;
}

/** A token in its own folder. */
export interface TestToken {
  readonly settings: HsmSettings;
  /** The environment for a process that uses the token: the service's settings, and where SoftHSM2 finds the token. */
  readonly environment: Readonly<Record<string, string>>;
  /** Every key of the token. */
  objects(): readonly TokenObject[];
  /** Puts a private key that comes as PKCS#8 in PEM into the token, as its owner would. */
  importKey(label: string, pkcs8: string): void;
  /** Generates an extractable key pair in the token. */
  makeExtractableKey(label: string): void;
  /** Removes the token, and inserts it again. */
  pull(): void;
  putBack(): void;
  remove(): void;
}

function moveAll(from: string, to: string): void {
  for (const name of readdirSync(from)) renameSync(join(from, name), join(to, name));
}

const OBJECTS_PROGRAM = new URL('./token-objects.ts', import.meta.url).pathname;

/**
 * Makes a token in its own folder. Sets SOFTHSM2_CONF in the environment of this process, from which helpers inherit
 * it: a test file has one token.
 */
export function createTestToken(): TestToken {
  if (!isPkcs11jsBuilt()) throw new Error(NO_PKCS11JS);
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-softhsm-'));
  const tokens = join(folder, 'tokens');
  const out = join(folder, 'out');
  mkdirSync(tokens);
  mkdirSync(out);
  const config = join(folder, 'softhsm2.conf');
  writeFileSync(config, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  process.env.SOFTHSM2_CONF = config;
  const library = softHsmLibrary();
  const token = 'ic-idp test';
  const pin = randomBytes(8).toString('hex');
  const run = (program: string, ...args: string[]) => {
    const { status, stdout, stderr } = runTool(program, args, { SOFTHSM2_CONF: config });
    if (status !== 0) throw new Error(`${program} ${args[0]}: ${stderr}${stdout}`);
    return stdout;
  };
  run('softhsm2-util', '--init-token', '--free', '--label', token, '--pin', pin, '--so-pin', pin);
  const objects = (...more: string[]) => run(process.execPath, OBJECTS_PROGRAM, library, token, pin, ...more);
  return {
    settings: { library, token, pin },
    environment: { SOFTHSM2_CONF: config, PKCS11_LIBRARY: library, PKCS11_TOKEN: token, PKCS11_PIN: pin },
    objects: () => JSON.parse(objects()) as TokenObject[],
    importKey(label, pkcs8) {
      const file = join(folder, 'import.pem');
      writeFileSync(file, pkcs8);
      run(
        'softhsm2-util',
        '--import',
        file,
        '--token',
        token,
        '--pin',
        pin,
        '--label',
        label,
        '--id',
        randomBytes(8).toString('hex'),
      );
      rmSync(file);
    },
    makeExtractableKey: (label) => void objects(label),
    pull: () => moveAll(tokens, out),
    putBack: () => moveAll(out, tokens),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @returns the process ids of the helper processes of a process */
export function helpersOf(parent: number): number[] {
  const { stdout } = runTool('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, ppid, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(ppid) === parent && args.includes('keys/hsm/helper.ts') ? [Number(pid)] : [];
  });
}

/** Kills every helper of this process, as a crashing library would. @returns how many */
export function killHelpers(): number {
  const helpers = helpersOf(process.pid);
  for (const pid of helpers) process.kill(pid, 'SIGKILL');
  return helpers.length;
}

/** A network HSM: a server that holds the token, and a library that calls it. */
export interface RemoteHsm {
  readonly settings: HsmSettings;
  /** Makes it stop answering, like a module whose network has gone silent. */
  freeze(): void;
  thaw(): void;
  /** Ends the server, as if the module were restarted. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Takes connections at one socket and passes requests on to another, one at a time and each only after a pause. */
function slowDown(from: string, to: string, pauseMs: number): Server {
  let turn: Promise<unknown> = Promise.resolve();
  const relay = createServer((near) => {
    const far = connect(to);
    near.on('data', (chunk: Buffer) => {
      turn = turn.then(() => setTimeout(pauseMs)).then(() => far.destroyed || far.write(chunk));
    });
    far.pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined).on('close', () => other.destroy());
    }
  });
  return relay.listen(from);
}

/**
 * Starts a server over a token. Sets P11_KIT_SERVER_ADDRESS in the environment of this process.
 *
 * @param pauseMs makes it slow: it handles one call at a time, each after this pause
 */
export async function startRemoteHsm(token: TestToken, pauseMs = 0): Promise<RemoteHsm> {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-p11-'));
  const socket = join(folder, 'socket');
  const slow = pauseMs === 0 ? undefined : slowDown(`${folder}.slow`, socket, pauseMs);
  process.env.P11_KIT_SERVER_ADDRESS = `unix:path=${slow === undefined ? socket : `${folder}.slow`}`;
  let server: ChildProcess | undefined;

  /** The server starts a process for each connection: a signal goes to all of them. */
  function signal(name: NodeJS.Signals): void {
    if (server?.pid !== undefined) process.kill(-server.pid, name);
  }
  async function stop(): Promise<void> {
    if (server === undefined) return;
    const ended = once(server, 'close');
    signal('SIGKILL');
    // Also where nothing is waited for any more, because this process exits.
    rmSync(folder, { recursive: true, force: true });
    await ended;
    slow?.close();
    server = undefined;
  }
  async function start(): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const of = `pkcs11:token=${encodeURIComponent(token.settings.token)}`;
    const args = ['--foreground', '--name', socket, '--provider', token.settings.library, of];
    server = spawn(remoteServer(), args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    // It prints its address once it listens.
    for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
      if (line.includes('P11_KIT_SERVER_PID')) return;
    }
    throw new Error('the p11-kit server ended at once');
  }
  await start();
  return {
    settings: { ...token.settings, library: remoteLibrary() },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    stop,
    start,
  };
}

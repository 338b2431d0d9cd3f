import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { type Server as HttpServer, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors/idp-error.ts';

/**
 * The control socket of an embedded installation: a Unix socket in DATA_DIR that exactly one process can hold. It is
 * the lock on the embedded database, which only one process may open, and the way in which a command reaches the
 * running service. The kernel ends it with the process, so a crash leaves no lock behind, only a file to clear away.
 */
export interface ControlSocket {
  /** Lets a server answer; until then, callers wait. */
  attach(server: HttpServer): void;
  release(): Promise<void>;
}

// The shortest limit of sockaddr_un.sun_path among the systems this runs on (macOS).
const MAX_PATH_BYTES = 103;
const WAIT_FOR_COMMAND_MS = 20_000;
const LOOK_MS = 200;
const CLEARING_MS = 50;
const CLAIM_LIFETIME_MS = 5_000;

/** @returns the path of the socket, relative where that is shorter @throws InputError where DATA_DIR is too deep */
export function controlSocketPath(dataDir: string): string {
  const path = join(dataDir, 'control.sock');
  const short = relative(process.cwd(), path);
  const chosen = Buffer.byteLength(short) < Buffer.byteLength(path) ? short : path;
  if (Buffer.byteLength(chosen) > MAX_PATH_BYTES) {
    throw new InputError(
      `Setting DATA_DIR is too long a path for its control socket: "${path}". Accepted are ${MAX_PATH_BYTES} bytes with "/control.sock".`,
    );
  }
  return chosen;
}

/** How a process that holds the socket answers, or that none does. */
type Holder = 'service' | 'foreign' | 'none' | 'released' | 'silent';

/** What the service answers to the question whether it holds the socket. */
export const SERVICE_ANSWER = JSON.stringify({ result: 'service' });

/** Asks who holds the socket. A command holds it silently and closes it when it ends: that is the event waited for. */
function askHolder(path: string, waitMs: number): Promise<Holder> {
  return new Promise((resolve) => {
    let connected = false;
    const asking = request({ socketPath: path, path: '/', timeout: waitMs }, (response) => {
      text(response).then(
        (answer) => resolve(answer === SERVICE_ANSWER ? 'service' : 'foreign'),
        () => resolve('released'),
      );
    });
    asking.on('socket', (socket) => socket.once('connect', () => (connected = true)));
    asking.on('timeout', () => {
      resolve('silent');
      asking.destroy();
    });
    asking.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      // HPE_*: what came back is no HTTP.
      if (code.startsWith('HPE_')) resolve('foreign');
      else resolve(connected ? 'released' : 'none');
    });
    asking.end();
  });
}

/**
 * A quick look, without taking the socket: whoever needs no more than the running service is spared the rest.
 *
 * @returns whether the service answers on the control socket; false also where that can't be told at once
 */
export async function serviceAnswers(dataDir: string): Promise<boolean> {
  return (await askHolder(controlSocketPath(dataDir), LOOK_MS)) === 'service';
}

function tryListen(path: string): Promise<ControlSocket | undefined> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    let server: HttpServer | undefined;
    const listener = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      server?.emit('connection', socket);
    });
    listener.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    listener.listen(path, () => {
      chmodSync(path, 0o600);
      resolve({
        attach(httpServer) {
          server = httpServer;
          for (const socket of sockets) httpServer.emit('connection', socket);
        },
        release: () =>
          new Promise((done) => {
            listener.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

/**
 * Takes the control socket. A command that holds it is waited for.
 *
 * @returns the socket, or undefined where the service holds it
 * @throws InputError where a command does not let go in time, or another program holds it
 */
export async function takeControlSocket(dataDir: string): Promise<ControlSocket | undefined> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = controlSocketPath(dataDir);
  const deadline = Date.now() + WAIT_FOR_COMMAND_MS;
  for (;;) {
    const socket = await tryListen(path);
    if (socket !== undefined) return socket;
    const holder = await askHolder(path, Math.max(1, deadline - Date.now()));
    if (holder === 'service') return undefined;
    if (holder === 'foreign') {
      throw new InputError(
        `Another program, which is not this service, listens on ${join(dataDir, 'control.sock')}. End it, or choose another DATA_DIR.`,
      );
    }
    if (holder === 'silent' || Date.now() > deadline) {
      throw new InputError(
        `A command has been using the embedded database in ${dataDir} for too long. End it, then try again.`,
      );
    }
    if (holder === 'none') await clearStale(path);
  }
}

/** Tells one file at a path from the next one there. */
function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.ino}-${stats.ctimeNs}`;
}

/** @returns whether this process is the one to clear the dead file that the claim names */
function takeClaim(claim: string): boolean {
  try {
    closeSync(openSync(claim, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Whoever took it died before the work was done.
    const stats = lstatSync(claim, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > CLAIM_LIFETIME_MS) rmSync(claim, { force: true });
    return false;
  }
}

/**
 * Removes the file that a dead process left. Several that start together all see it, and the slowest must not remove the
 * fresh socket of the fastest: so only who has the claim on this very file removes it, and while the file is there,
 * nobody can put another one in its place.
 */
async function clearStale(path: string): Promise<void> {
  const dead = identityOf(path);
  if (dead === undefined) return;
  const claim = `${path}.${dead}`;
  const claimed = takeClaim(claim);
  try {
    // A socket that is bound already and does not listen yet looks dead too, for a moment.
    await pause(CLEARING_MS);
    if (claimed && (await askHolder(path, 200)) === 'none' && identityOf(path) === dead) unlinkSync(path);
  } finally {
    if (claimed) rmSync(claim, { force: true });
  }
}

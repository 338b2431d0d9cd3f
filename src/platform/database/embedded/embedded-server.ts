import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { InputError } from '../../errors/idp-error.ts';
import { attach, leave } from './attach.ts';
import { createDataFolder, ROLE, removeLeftovers } from './create-data-folder.ts';
import { type DataFolder, dataVersion, openDataFolder, readPassword } from './data-folder.ts';
import { PROGRAM_VERSION } from './programs.ts';
import { type StartedServer, signalStop, startServer } from './server.ts';
import { isServer, readPidFile, serverPid } from './server-process.ts';

/** A PostgreSQL server of the service's own, which this process uses. */
export interface EmbeddedServer {
  /** For PostgreSQL's driver, in this process and as long as it is not released. A secret: the password is in it. */
  readonly url: string;
  /** Stops using the server, once. The last of its users stops it and waits until it has written everything. */
  release(): Promise<void>;
}

/** After a crash, a server first reads its whole write-ahead log, of at most some 128 MB. */
const ATTACH_WITHIN_MS = 60_000;
const RETRY_MS = 15;
const STOP_WITHIN_MS = 8_000;
const MAX_FAILED_STARTS = 3;
const REATTACH_MS = [100, 500, 1_000, 5_000];

function freePort(): Promise<number> {
  return new Promise((found, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => found(port));
    });
  });
}

/** The port for a server on Windows: once chosen it stays, so that a URL holds after a crash. */
async function portFor(folder: DataFolder): Promise<number | undefined> {
  return process.platform === 'win32' ? (readPidFile(folder)?.port ?? (await freePort())) : undefined;
}

/** On Windows a server has a port of its own, and says which in postmaster.pid. */
function serverUrl(folder: DataFolder, password: string): string {
  const { port } = readPidFile(folder) ?? {};
  return process.platform === 'win32'
    ? `postgres://${ROLE}:${password}@127.0.0.1:${port ?? 1}/${ROLE}`
    : `postgres://${ROLE}:${password}@localhost/${ROLE}?host=${encodeURIComponent(folder.anchor)}`;
}

/** Uses the server that runs on the folder, or starts one. @throws InputError where neither can be done in time */
async function attachOrStart(folder: DataFolder, url: () => string): Promise<pg.Client> {
  const deadline = Date.now() + ATTACH_WITHIN_MS;
  let started: StartedServer | undefined;
  let failedStarts = 0;
  for (;;) {
    const attached = await attach(url(), folder);
    if (typeof attached !== 'string') return attached;
    // One that has ended may only have found another one, which is starting or stopping.
    if (started?.ended() && serverPid(folder) === undefined) {
      failedStarts += 1;
      if (failedStarts >= MAX_FAILED_STARTS) throw started.failure();
      started = undefined;
    }
    if (attached === 'absent' && started === undefined && serverPid(folder) === undefined) {
      started = await startServer(folder, await portFor(folder));
    }
    if (Date.now() > deadline) {
      throw new InputError(
        `The embedded database in ${folder.path} does not answer. Its log, server.log in that folder, may say why. Once it is ready, try again.`,
      );
    }
    await pause(RETRY_MS);
  }
}

async function stopServer(folder: DataFolder): Promise<void> {
  const pid = serverPid(folder);
  if (pid === undefined) return;
  await signalStop(folder, pid);
  const deadline = Date.now() + STOP_WITHIN_MS;
  // One that needs longer goes on stopping without us.
  while (isServer(folder, pid) && Date.now() < deadline) await pause(RETRY_MS);
}

/** Stays a user of the server until released: where it is killed, it is started again. */
function keepAttached(first: pg.Client, connect: () => Promise<pg.Client>, report: (error: unknown) => void) {
  let client: pg.Client | undefined;
  let coming: Promise<void> | undefined;
  const released = new AbortController();
  const { signal } = released;

  const comeBack = async () => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        use(await connect());
        return;
      } catch (error) {
        report(error);
        const wait = REATTACH_MS[Math.min(attempt, REATTACH_MS.length - 1)];
        await pause(wait, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const use = (own: pg.Client) => {
    client = own;
    own.once('end', () => {
      if (client === own) client = undefined;
      if (!signal.aborted) coming = comeBack();
    });
  };
  use(first);
  return {
    /** @returns the connection, unless it is lost */
    async release(): Promise<pg.Client | undefined> {
      released.abort();
      await coming;
      return client;
    },
  };
}

/** What the system answers where DATA_DIR is no folder, is another user's, or is on a read-only or full disk. */
const UNUSABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ENOSPC']);

async function openOrCreate(dataDir: string): Promise<DataFolder> {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    removeLeftovers(dataDir);
    return openDataFolder(dataDir) ?? (await createDataFolder(dataDir));
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!UNUSABLE.has(code)) throw error;
    throw new InputError(
      `DATA_DIR ${resolve(dataDir)} can't be used: ${message}. It must be a folder that this user can write to, or one that can be made. Run as its owner, set DATA_DIR to another folder, or set DATABASE_URL to use a PostgreSQL server.`,
      { cause: error },
    );
  }
}

/**
 * Uses PostgreSQL in DATA_DIR: the server that runs there, or else one that this starts, making its data folder first
 * where there is none. Any number of processes may do this at once.
 *
 * @param report is called with every error while a lost server can't be started again; it is tried until released
 * @throws InputError where it can't be had
 */
export async function openEmbeddedServer(
  dataDir: string,
  report: (error: unknown) => void = () => undefined,
): Promise<EmbeddedServer> {
  const folder = await openOrCreate(dataDir);
  try {
    const version = dataVersion(folder);
    if (version !== PROGRAM_VERSION) {
      throw new InputError(
        `The embedded database in ${folder.path} was made by PostgreSQL ${version}; this version of the service brings PostgreSQL ${PROGRAM_VERSION}. With the version of the service that made it, dump it with pg_dump; then start on an empty DATA_DIR and restore the dump.`,
      );
    }
    const password = readPassword(folder);
    const url = () => serverUrl(folder, password);
    const connect = () => attachOrStart(folder, url);
    const kept = keepAttached(await connect(), connect, report);
    return {
      url: url(),
      async release() {
        const client = await kept.release();
        try {
          if (client !== undefined && (await leave(client))) await stopServer(folder);
        } catch (error) {
          // The connection was lost meanwhile: then there is nothing to give back, and the next user stops the server.
          report(error);
        } finally {
          await client?.end().catch(() => undefined);
          folder.close();
        }
      },
    };
  } catch (error) {
    folder.close();
    throw error;
  }
}

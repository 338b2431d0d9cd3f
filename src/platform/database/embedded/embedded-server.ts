import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { InputError } from '../../errors/idp-error.ts';
import { makeFolders } from '../../util/make-folders.ts';
import { attach, leave } from './attach.ts';
import { createDataFolder, ROLE } from './create-data-folder.ts';
import { type DataFolder, dataVersion, openDataFolder, readPassword, requireOwnSocket } from './data-folder.ts';
import { removeLeftovers } from './leftovers.ts';
import { PROGRAM_VERSION } from './programs.ts';
import { type StartedServer, signalStop, startServer } from './server.ts';
import { isServer, readPidFile, serverPid } from './server-process.ts';

/** An embedded PostgreSQL server that this process uses. */
export interface EmbeddedServer {
  /** For PostgreSQL's driver, valid in this process until released. A secret: it contains the password. */
  readonly url: string;
  /** Stops using the server; call once. The last user stops it and waits until it has written everything. */
  release(): Promise<void>;
}

/** After a crash, a server first replays its write-ahead log, about 128 MB at most. */
const ATTACH_WITHIN_MS = 60_000;
const RETRY_MS = 15;
/** A server that accepts connections has had its socket for longer than this. */
const SOCKET_WITHIN_MS = 3_000;
const STOP_WITHIN_MS = 8_000;
/** How long a release waits for a server that this process has just started, in order to stop it. */
const STARTED_WITHIN_MS = 3_000;
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

/** The port for a server on Windows: once chosen it never changes, so that URLs stay valid after a crash. */
async function portFor(folder: DataFolder): Promise<number | undefined> {
  return process.platform === 'win32' ? (readPidFile(folder)?.port ?? (await freePort())) : undefined;
}

/** On Windows a server has its own port, which it records in postmaster.pid. */
function serverUrl(folder: DataFolder, password: string): string {
  const { port } = readPidFile(folder) ?? {};
  return process.platform === 'win32'
    ? `postgres://${ROLE}:${password}@127.0.0.1:${port ?? 1}/${ROLE}`
    : `postgres://${ROLE}:${password}@localhost/${ROLE}?host=${encodeURIComponent(folder.anchor)}`;
}

/**
 * Uses the server that is running on the folder, or starts one.
 *
 * @param signal ends the attempt: at once, or as soon as a server that was started can be stopped again
 * @throws InputError if neither works in time; the signal's reason if it was aborted
 */
async function attachOrStart(folder: DataFolder, url: () => string, signal?: AbortSignal): Promise<pg.Client> {
  let deadline = Date.now() + ATTACH_WITHIN_MS;
  let started: StartedServer | undefined;
  let failedStarts = 0;
  let withoutSocket: number | undefined;
  for (;;) {
    requireOwnSocket(folder);
    const attached = await attach(url(), folder, started === undefined ? signal : undefined);
    if (typeof attached !== 'string') return attached;
    const lost = attached === 'absent' && serverPid(folder) !== undefined && readPidFile(folder)?.ready === true;
    withoutSocket = lost ? (withoutSocket ?? Date.now()) : undefined;
    if (withoutSocket !== undefined && Date.now() > withoutSocket + SOCKET_WITHIN_MS) throw socketGone(folder);
    // A server that has ended may just have found another one that is starting or stopping.
    if (started?.ended() && serverPid(folder) === undefined) {
      failedStarts += 1;
      if (failedStarts >= MAX_FAILED_STARTS) throw started.failure();
      started = undefined;
    }
    if (signal?.aborted) {
      if (started === undefined) throw signal.reason;
      deadline = Math.min(deadline, Date.now() + STARTED_WITHIN_MS);
    }
    if (attached === 'absent' && started === undefined && serverPid(folder) === undefined) {
      started = await startServer(folder, await portFor(folder));
    }
    if (Date.now() > deadline) {
      throw new InputError(
        `The embedded database in ${folder.path} does not respond. Its log, server.log in that folder, may say why. Try again once it is ready.`,
      );
    }
    await pause(RETRY_MS);
  }
}

/** PostgreSQL makes its socket when it starts, and there must never be two servers on one folder. */
function socketGone(folder: DataFolder): InputError {
  return new InputError(
    `The embedded database in ${folder.path} is running, but its socket, .s.PGSQL.5432 in that folder, was removed. Stop the service and its commands, which stops the database; the next start makes a new one.`,
  );
}

async function stopServer(folder: DataFolder): Promise<void> {
  const pid = serverPid(folder);
  if (pid === undefined) return;
  await signalStop(folder, pid);
  const deadline = Date.now() + STOP_WITHIN_MS;
  // If it needs longer, it keeps stopping on its own.
  while (isServer(folder, pid) && Date.now() < deadline) await pause(RETRY_MS);
}

/** Stays a user of the server until released, and restarts the server if it is killed. */
function keepAttached(
  first: pg.Client,
  connect: (signal: AbortSignal) => Promise<pg.Client>,
  report: (error: unknown) => void,
) {
  let client: pg.Client | undefined;
  let coming: Promise<void> | undefined;
  const released = new AbortController();
  const { signal } = released;

  const comeBack = async () => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        use(await connect(signal));
        return;
      } catch (error) {
        if (signal.aborted) return;
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
    /** @returns the connection; undefined if it is lost */
    async release(): Promise<pg.Client | undefined> {
      released.abort();
      await coming;
      return client;
    },
  };
}

/** What the system answers where DATA_DIR is no folder, is another user's, can't be made, or is on a full disk. */
const UNUSABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOENT', 'ENOTDIR', 'ENOSPC']);

async function openOrCreate(dataDir: string): Promise<DataFolder> {
  try {
    makeFolders(dataDir, 0o700);
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
 * Uses PostgreSQL in DATA_DIR: the server that is running there, or else a new one, whose data folder is created first
 * if necessary. Any number of processes may do this at once.
 *
 * @param report called with each failed attempt to restart a lost server; attempts continue until released
 * @throws InputError if no server can be used or started
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
        `The embedded database in ${folder.path} was created by PostgreSQL ${version}; this version of the service includes PostgreSQL ${PROGRAM_VERSION}. Dump it with pg_dump from the service version that created it; then start with an empty DATA_DIR and restore the dump.`,
      );
    }
    const password = readPassword(folder);
    const url = () => serverUrl(folder, password);
    const connect = (signal?: AbortSignal) => attachOrStart(folder, url, signal);
    const kept = keepAttached(await connect(), connect, report);
    return {
      url: url(),
      async release() {
        const client = await kept.release();
        try {
          if (client !== undefined && (await leave(client))) await stopServer(folder);
        } catch (error) {
          // The connection was lost in the meantime: there is nothing to release, and the next user stops the server.
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

import { Socket } from 'node:net';
import pg from 'pg';
import { InputError } from '../../errors/idp-error.ts';
import type { DataFolder } from './data-folder.ts';

// Two arbitrary numbers, different from the one for migrations.
const USERS_LOCK = [7_126_531, 2] as const;
const CONNECT_WITHIN_MS = 3_000;
const ANSWER_WITHIN_MS = 5_000;

/** Why no connection was made: no server is listening, or it is starting, stopping or full. */
export type Unreachable = 'absent' | 'busy';

const ABSENT = new Set(['ENOENT', 'ECONNREFUSED']);
// 57P01 to 57P05: shutting down, starting up (PostgreSQL, appendix A); 53300: no free connections.
const BUSY = /^(57P0.|53300|EAGAIN|ECONNRESET|EPIPE|ETIMEDOUT)$/;
// pg's own errors, also for a connection that was lost just before a statement was sent.
const BUSY_MESSAGE = /terminated unexpectedly|connection error|timeout/i;
const REFUSED = /^(28...|3D000)$/;

function classify(error: unknown, folder: DataFolder): Unreachable {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (ABSENT.has(code)) return 'absent';
  if (BUSY.test(code) || (code === '' && BUSY_MESSAGE.test(message))) return 'busy';
  if (REFUSED.test(code)) {
    throw new InputError(
      `The embedded database in ${folder.path} rejects its own password file: ${message}. Restore the whole folder from one backup.`,
    );
  }
  throw error;
}

/**
 * Becomes a user of the server: opens a connection that holds a lock shared by all users. While any process holds it,
 * no process stops the server. PostgreSQL releases it with the connection, however the process ends.
 *
 * @param signal ends the attempt at once, as if the server were busy
 * @returns the connection, or why there is none
 * @throws InputError if the server refuses the role or its password
 */
export async function attach(url: string, folder: DataFolder, signal?: AbortSignal): Promise<pg.Client | Unreachable> {
  if (signal?.aborted) return 'busy';
  const socket = new Socket();
  const abandon = () => socket.destroy();
  signal?.addEventListener('abort', abandon);
  const client = new pg.Client({
    stream: () => socket,
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    application_name: 'ic-idp: uses the server',
  });
  // Without a listener, a lost connection would crash the process. The next statement and `end` report the loss.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock_shared($1, $2) as held', [...USERS_LOCK]);
    if (rows[0].held === true) return client;
    // The last user holds the lock exclusively and is about to stop the server.
    await client.end();
    return 'busy';
  } catch (error) {
    client.end().catch(() => undefined);
    return signal?.aborted ? 'busy' : classify(error, folder);
  } finally {
    signal?.removeEventListener('abort', abandon);
  }
}

/**
 * Releases the shared lock, then takes it exclusively if there are no other users. Releasing comes first, so that when
 * several processes leave at once, the last one gets the exclusive lock.
 *
 * @returns whether this was the last user, who must stop the server; no new user can attach while this connection is
 *   open
 */
export async function leave(client: pg.Client): Promise<boolean> {
  await client.query('select pg_advisory_unlock_shared($1, $2)', [...USERS_LOCK]);
  const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as alone', [...USERS_LOCK]);
  return rows[0].alone === true;
}

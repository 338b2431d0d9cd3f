import pg from 'pg';
import { InputError } from '../../errors/idp-error.ts';
import type { DataFolder } from './data-folder.ts';

// Two numbers of ours, apart from the one of migrations.
const USERS_LOCK = [7_126_531, 2] as const;
const CONNECT_WITHIN_MS = 3_000;
const ANSWER_WITHIN_MS = 5_000;

/** Why nobody could be reached: no server listens, or one does that is starting, stopping or has no room. */
export type Unreachable = 'absent' | 'busy';

const ABSENT = new Set(['ENOENT', 'ECONNREFUSED']);
// 57P01 to 57P05: shutting down, starting up (PostgreSQL, appendix A); 53300: all connections are taken.
const BUSY = /^(57P0.|53300|EAGAIN|ECONNRESET|EPIPE|ETIMEDOUT)$/;
const BUSY_MESSAGE = /terminated unexpectedly|timeout/i;
const REFUSED = /^(28...|3D000)$/;

function classify(error: unknown, folder: DataFolder): Unreachable {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (ABSENT.has(code)) return 'absent';
  if (BUSY.test(code) || (code === '' && BUSY_MESSAGE.test(message))) return 'busy';
  if (REFUSED.test(code)) {
    throw new InputError(
      `The embedded database in ${folder.path} refuses its own password file: ${message}. Restore the whole folder from one backup.`,
    );
  }
  throw error;
}

/**
 * Becomes one of the server's users: a connection that holds a lock which all users share. As long as somebody holds it,
 * nobody stops the server; PostgreSQL drops it with the connection, however a process ends.
 *
 * @returns the connection, or why there is none
 * @throws InputError where the server refuses the role or its password
 */
export async function attach(url: string, folder: DataFolder): Promise<pg.Client | Unreachable> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    application_name: 'ic-idp: uses the server',
  });
  // What ends it shows at the next statement, and to whoever listens for `end`.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock_shared($1, $2) as held', [...USERS_LOCK]);
    if (rows[0].held === true) return client;
    // The last user has it alone, and is about to stop the server.
    await client.end();
    return 'busy';
  } catch (error) {
    client.end().catch(() => undefined);
    return classify(error, folder);
  }
}

/**
 * Gives the shared lock back, and takes it alone if nobody else is left. Giving it back comes first: of several that go
 * at once, the last one then finds itself alone.
 *
 * @returns whether this was the last user, who has to stop the server; no other can come in as long as the connection lives
 */
export async function leave(client: pg.Client): Promise<boolean> {
  await client.query('select pg_advisory_unlock_shared($1, $2)', [...USERS_LOCK]);
  const { rows } = await client.query('select pg_try_advisory_lock($1, $2) as alone', [...USERS_LOCK]);
  return rows[0].alone === true;
}

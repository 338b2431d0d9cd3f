import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { isDatabaseGone, OutcomeUnknown } from './database.ts';
import type { Answer, Send } from './kysely.ts';

/** The server ends a transaction that is idle for this long, and releases its locks. */
export const IDLE_IN_TRANSACTION_MS = 10_000;
/** Longer than the server keeps a transaction whose client is gone, so that the outcome is decided before this ends. */
const LOOK_UP_MS = IDLE_IN_TRANSACTION_MS + 5_000;
const LOOK_UP_PAUSE_MS = 100;

/** Sends statements over one connection. @returns the last one's result */
export async function sendOver(client: pg.ClientBase, text: string, values?: readonly unknown[]): Promise<Answer> {
  const result: pg.QueryResult | pg.QueryResult[] = await client.query(text, values as unknown[] | undefined);
  return (Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult;
}

/** The server answered with an error and the connection is still usable. Anything else leaves its state unknown. */
const isAnswer = (error: unknown) => error instanceof pg.DatabaseError && !isDatabaseGone(error);

/**
 * Returns a client to the pool if the server last reported it idle (ReadyForQuery with status I; PostgreSQL, 54.7), and
 * destroys it otherwise: a client returned with an open transaction would lose what its next user writes.
 */
function giveBack(client: pg.PoolClient): void {
  client.release(client.getTransactionStatus() !== 'I');
}

async function rollBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('rollback');
  } catch (error) {
    client.release(error as Error);
    return;
  }
  giveBack(client);
}

/**
 * Finds out, on another connection, how a transaction ended.
 *
 * @param id of the transaction (xid8)
 * @returns undefined if the server doesn't answer in time, or no longer knows
 */
async function outcomeOf(pool: pg.Pool, id: string): Promise<'committed' | 'aborted' | undefined> {
  const deadline = performance.now() + LOOK_UP_MS;
  while (performance.now() < deadline) {
    try {
      const { rows } = await pool.query('select pg_xact_status($1::xid8) as status', [id]);
      const status: unknown = rows[0]?.status;
      if (status === 'committed' || status === 'aborted') return status;
      if (status !== 'in progress') return undefined;
    } catch (error) {
      // E.g. a standby that took over before it received the transaction.
      if (!isDatabaseGone(error)) return undefined;
    }
    await pause(LOOK_UP_PAUSE_MS);
  }
  return undefined;
}

/** Commits. @throws if the transaction was not committed, or if that can't be determined (OutcomeUnknown) */
async function commit(pool: pg.Pool, client: pg.PoolClient, id: string): Promise<void> {
  let answer: pg.QueryResult;
  try {
    answer = await client.query('commit');
  } catch (error) {
    client.release(error as Error);
    // The server refused, e.g. because of a deferred constraint, and rolled back.
    if (isAnswer(error)) throw error;
    const outcome = await outcomeOf(pool, id);
    if (outcome === 'committed') return;
    throw outcome === 'aborted' ? error : new OutcomeUnknown(error);
  }
  giveBack(client);
  // PostgreSQL's response to COMMIT after a statement of the transaction failed.
  if (answer.command === 'ROLLBACK') {
    throw new Error('The transaction was rolled back: one of its statements failed, and the error was swallowed.');
  }
}

/**
 * Runs `work` in a transaction, on one connection of the pool. Commits when `work` resolves, rolls back when it
 * rejects. The connection returns to the pool only if it is known to be idle again; otherwise it is destroyed, and the
 * server rolls back.
 *
 * @throws what `work` or the driver throws; OutcomeUnknown if the connection was lost at the commit and the outcome
 *   can't be determined
 */
export async function runTransaction<Result>(pool: pg.Pool, work: (send: Send) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  let over = false;
  let broken: { readonly by: unknown } | undefined;
  const send: Send = async (text, values) => {
    if (over)
      throw new Error(
        'A statement was sent after its transaction ended. Await every statement within the transaction.',
      );
    try {
      return await sendOver(client, text, values);
    } catch (error) {
      if (!isAnswer(error)) broken ??= { by: error };
      throw error;
    }
  };
  let id: string;
  let result: Result;
  try {
    const { rows } = await send('begin; select pg_current_xact_id()::text as id');
    id = (rows[0] as { id: string }).id;
    result = await work(send);
    // The work may have continued after a statement that timed out.
    if (broken !== undefined) throw broken.by;
  } catch (error) {
    over = true;
    if (broken === undefined) await rollBack(client);
    else client.release(true);
    throw error;
  }
  over = true;
  await commit(pool, client, id);
  return result;
}

import pg from 'pg';
import { InputError } from '../errors/idp-error.ts';
import { listenForChanges } from './change-listener.ts';
import type { ChangeListener, Database, Transaction } from './database.ts';
import { createDb } from './kysely.ts';
import { hasTables, isMigrated, migrate } from './migrate.ts';
import { IDLE_IN_TRANSACTION_MS, runTransaction } from './transaction.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 5_000;
/** How long the driver waits for a response. The server times out first, so this is for a stalled network. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 1_000;
const MAX_CONNECTIONS = 10;

/** bigint as a number: our counters and times are far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
};

/**
 * What is committed must survive a power cut, whatever the default of the server, the database or the role. Stronger
 * settings, for standbys, stay.
 */
const COMMIT_TO_DISK =
  "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'";

function createPool(options: pg.PoolConfig): pg.Pool {
  const onConnect = async (client: pg.ClientBase) => void (await client.query(COMMIT_TO_DISK));
  const pool = new pg.Pool({
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
    onConnect,
    ...options,
  });
  // A connection may break while idle (the pool replaces it) or in use (its statement fails). Without a listener,
  // either would crash the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

const INSUFFICIENT_PRIVILEGE = '42501';
const notOwner = (cause: Error) =>
  new InputError(
    `its tables must be brought up to date, which its role may not do (${cause.message}). Run \`ic-idp migrate\` with the DATABASE_URL of their owner`,
    { cause },
  );

/** Migrations may take a while, or wait for another instance that is applying them. */
async function migrateWithoutLimit(connectionString: string): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    await migrate((work) => runTransaction(pool, work));
  } finally {
    await pool.end();
  }
}

/**
 * Opens PostgreSQL and brings its tables up to date.
 *
 * @param url postgres://..., or postgres://<user>@localhost/<database>?host=<folder> for a Unix socket
 * @throws InputError if a newer version has changed the tables, or the role may not bring them up to date; the driver's error if the server can't be reached or
 *   refuses the connection
 */
export async function openPostgresql(url: string, kind: Database['kind'] = 'postgresql'): Promise<Database> {
  const pool = createPool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  // pool.query destroys a client whose statement failed or timed out.
  const send = (text: string, values?: readonly unknown[]) => pool.query(text, values as unknown[] | undefined);
  try {
    if (!(await isMigrated(send))) await migrateWithoutLimit(url);
  } catch (error) {
    await pool.end();
    throw (error as { code?: string }).code === INSUFFICIENT_PRIVILEGE ? notOwner(error as Error) : error;
  }
  const listeners: ChangeListener[] = [];
  const subscription = listenForChanges(
    {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    },
    (billerId) => {
      for (const listener of listeners) listener(billerId);
    },
  );
  return {
    kind,
    db: createDb(send),
    transaction: (work) => runTransaction(pool, (sendWithin) => work(createDb(sendWithin) as Transaction)),
    async query<Row>({ name, text }: { name: string; text: string }, values: readonly unknown[]) {
      const result = await pool.query({ name, text, values: values as unknown[] });
      return result.rows as Row[];
    },
    onChange: (listener) => void listeners.push(listener),
    async close() {
      await subscription.close();
      await pool.end();
    },
  };
}

/** @returns whether a database has the tables of any version @throws the driver's error if it can't be asked */
export async function holdsInstallation(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await hasTables((text, values) => client.query(text, values as unknown[] | undefined));
  } finally {
    await client.end();
  }
}

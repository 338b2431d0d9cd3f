import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { CHANGE_CHANNEL, type ChangeListener, type Database, type Db, MIGRATIONS_FOLDER } from './database.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 5_000;
const LISTENER_RETRY_MS = 500;
const LISTENER_HEARTBEAT_MS = 5_000;
/** Any number, the same on every instance. */
const MIGRATION_LOCK = 7_126_531;

/** Applies the migrations; instances that start together take turns. */
async function migrateTogether(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER });
  } finally {
    await client.end();
  }
}

/**
 * Listens on a connection of its own and comes back when it is lost. From the loss until it listens again, listeners are
 * told at every try that anything may have changed, so that no cache outlives a second of deafness.
 */
function listen(url: string, emit: ChangeListener): { close(): Promise<void> } {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const lost = (from: pg.Client) => {
    if (client !== from || closed) return;
    client = undefined;
    clearTimeout(timer);
    from.end().catch(() => undefined);
    emit(undefined);
    timer = setTimeout(connect, LISTENER_RETRY_MS);
  };
  const beat = (own: pg.Client) => {
    timer = setTimeout(() => {
      own.query('select 1').then(
        () => client === own && beat(own),
        () => lost(own),
      );
    }, LISTENER_HEARTBEAT_MS);
  };
  const connect = () => {
    const own = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    });
    client = own;
    own.on('error', () => lost(own));
    own.on('end', () => lost(own));
    own.on('notification', ({ payload }) => emit(payload));
    own
      .connect()
      .then(() => own.query(`listen ${CHANGE_CHANNEL}`))
      .then(() => {
        // What changed between the last word heard and this moment is unknown.
        emit(undefined);
        beat(own);
      })
      .catch(() => lost(own));
  };
  connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}

/**
 * Opens PostgreSQL and brings its schema up to date.
 *
 * @param url postgres://...
 * @throws what the driver throws where the server can't be reached or refuses
 */
export async function openPostgresql(url: string): Promise<Database> {
  await migrateTogether(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at the next use; the error shows there if the server is gone.
  pool.on('error', () => undefined);
  const listeners: ChangeListener[] = [];
  const subscription = listen(url, (billerId) => {
    for (const listener of listeners) listener(billerId);
  });
  const db = drizzle(pool);
  return {
    kind: 'postgresql',
    db: db as unknown as Db,
    transaction: (work) => db.transaction((transaction) => work(transaction as unknown as Db)),
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

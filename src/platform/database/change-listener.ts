import pg from 'pg';
import { CHANGE_CHANNEL, type ChangeListener } from './database.ts';

const RETRY_MS = 500;
/** How long after an answer the next heartbeat is sent. */
const HEARTBEAT_MS = 1_000;
/** A connection that has not answered for this long may be missing notices. */
const SILENT_MS = 500;

/** Tells this connection from those of the pool, in PostgreSQL's own views. */
export const LISTENER = 'ic-idp: listens for changes';

/**
 * Listens for change notices on a dedicated connection, and reconnects when that is lost.
 *
 * Whenever notices may be missing, it reports again and again that anything may have changed: while there is no
 * connection, and while the connection does not answer a heartbeat, because a network can stall without breaking. So no
 * cache stays stale for more than two seconds. What must not be stale at all is checked where it is used: see
 * core/audit/fence.ts.
 */
export function listenForChanges(options: pg.ClientConfig, emit: ChangeListener): { close(): Promise<void> } {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let silence: NodeJS.Timeout | undefined;
  let closed = false;

  const silent = () => {
    emit(undefined);
    silence = setTimeout(silent, RETRY_MS);
  };
  const heard = () => {
    clearTimeout(silence);
  };
  const lost = (from: pg.Client) => {
    if (client !== from || closed) return;
    client = undefined;
    clearTimeout(timer);
    heard();
    from.end().catch(() => undefined);
    silent();
    timer = setTimeout(connect, RETRY_MS);
  };
  const beat = (own: pg.Client) => {
    timer = setTimeout(() => {
      silence = setTimeout(silent, SILENT_MS);
      own.query('select 1').then(
        () => {
          if (client !== own) return;
          heard();
          beat(own);
        },
        () => lost(own),
      );
    }, HEARTBEAT_MS);
  };
  const connect = () => {
    const own = new pg.Client({ ...options, application_name: LISTENER });
    client = own;
    own.on('error', () => lost(own));
    own.on('end', () => lost(own));
    own.on('notification', ({ payload }) => emit(payload));
    own
      .connect()
      .then(() => own.query(`listen ${CHANGE_CHANNEL}`))
      .then(() => {
        if (client !== own) return;
        heard();
        // What changed since the last notice is unknown.
        emit(undefined);
        beat(own);
      })
      .catch(() => lost(own));
  };
  silence = setTimeout(silent, SILENT_MS);
  connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      heard();
      await client?.end().catch(() => undefined);
    },
  };
}

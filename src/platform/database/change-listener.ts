import pg from 'pg';
import { CHANGE_CHANNEL, type ChangeListener } from './database.ts';

const RETRY_MS = 500;
const HEARTBEAT_MS = 5_000;

/**
 * Listens for change notices on a dedicated connection, and reconnects when that is lost. Until it listens again, every
 * attempt reports that anything may have changed, so that no cache stays stale for more than a second.
 */
export function listenForChanges(options: pg.ClientConfig, emit: ChangeListener): { close(): Promise<void> } {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const lost = (from: pg.Client) => {
    if (client !== from || closed) return;
    client = undefined;
    clearTimeout(timer);
    from.end().catch(() => undefined);
    emit(undefined);
    timer = setTimeout(connect, RETRY_MS);
  };
  const beat = (own: pg.Client) => {
    timer = setTimeout(() => {
      own.query('select 1').then(
        () => client === own && beat(own),
        () => lost(own),
      );
    }, HEARTBEAT_MS);
  };
  const connect = () => {
    const own = new pg.Client(options);
    client = own;
    own.on('error', () => lost(own));
    own.on('end', () => lost(own));
    own.on('notification', ({ payload }) => emit(payload));
    own
      .connect()
      .then(() => own.query(`listen ${CHANGE_CHANNEL}`))
      .then(() => {
        // What changed since the last notice is unknown.
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

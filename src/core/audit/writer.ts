import { type Database, isDatabaseGone, type Transaction } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { APPEND, type Appended, CHECK } from './append-statements.ts';
import type { AuditEvent } from './events.ts';
import { type Fence, OutdatedState } from './fence.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { storedPeople } from './people.ts';

/** Commits audit events. */
export interface AuditWriter {
  /**
   * Resolves once the event is committed.
   *
   * @param fence what the event relies on; needs a billerId
   * @returns false if the database refused it: an assertion for this request has already been issued
   * @throws OutdatedState if what it relies on has changed; nothing was committed
   * @throws IdpError service_unavailable if it can't be committed, or if it was but the answer came too late to rely on
   */
  append(event: AuditEvent, fence?: Fence): Promise<boolean>;
  /**
   * Checks what a signature relies on without writing an event.
   *
   * @throws OutdatedState if it has changed; IdpError service_unavailable if the answer came too late to rely on
   */
  check(billerId: string, fence: Fence): Promise<void>;
  /** Writes an event in the caller's transaction: it is committed together with the change, or not at all. */
  appendWithin(transaction: Transaction, event: AuditEvent): Promise<void>;
  /** The same for several events, at most some 1,000, in one statement. */
  appendAllWithin(transaction: Transaction, events: readonly AuditEvent[]): Promise<void>;
  /** Resolves when everything appended so far is committed or has failed. */
  drained(): Promise<void>;
}

interface Waiting {
  readonly row: Record<string, unknown>;
  readonly resolve: (accepted: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_BATCH = 500;
/** If more events than this are waiting, the database can't keep up; reject rather than let the queue grow. */
const MAX_WAITING = 20_000;
const RETRY_AFTER_SECONDS = 10;
/**
 * A stalled network may deliver the answer seconds after the commit. What it relied on is then checked again before
 * anything is signed. Shorter than a switch of keys waits for what was signed with the old one: see switch-on-fetch.ts.
 */
const RELIABLE_MS = 1_000;
const TOO_LATE = 'what the event relied on may have changed before the database answered';

/**
 * PostgreSQL can store neither U+0000 nor lone surrogates. External input may contain them, and would make the whole
 * batch fail.
 */
function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}

function toJson(rows: readonly Record<string, unknown>[]): string {
  const json = JSON.stringify(rows);
  // Both would appear as \u escapes. Checking every value is slow, and hardly any event contains such an escape.
  return json.includes('\\u') ? JSON.stringify(rows, storable) : json;
}

const fenceColumns = (fence: Fence | undefined) => ({
  biller_version: fence?.billerVersion,
  signing_key: fence?.key,
  session: fence?.session?.idHash.toString('hex'),
  user_version: fence?.session?.userVersion,
});

interface AuditServices {
  readonly database: Database;
  readonly keyedHash: KeyedHash;
  readonly clock: () => number;
}

const unavailable = (
  detail: string,
  cause?: unknown,
  code: 'service_unavailable' | 'internal_error' = 'service_unavailable',
) => new IdpError(code, { detail, cause, retryAfter: RETRY_AFTER_SECONDS });

/**
 * A writer with one INSERT in flight: events that arrive in the meantime form the next batch (group commit), so that
 * waiting for the commit costs one round trip in total instead of one per event.
 */
export function createAuditWriter({ database, keyedHash, clock }: AuditServices): AuditWriter {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function writeBatch(batch: readonly Waiting[]): Promise<void> {
    const json = toJson(batch.map(({ row }, n) => ({ n, ...row })));
    const began = performance.now();
    try {
      const rows = await database.query<Appended>(APPEND, [json]);
      const isOver = performance.now() - began <= RELIABLE_MS ? () => false : await checkAgain(batch);
      const written = new Set(rows.map((row) => row.assertion_id));
      const outdated = new Set(rows.map((row) => row.n));
      for (const [n, { row, resolve, reject }] of batch.entries()) {
        if (outdated.has(n)) reject(new OutdatedState(row.biller_id as string));
        else if (isOver(n)) reject(unavailable(TOO_LATE));
        else resolve(row.assertion_id === undefined || written.has(row.assertion_id as string));
      }
    } catch (cause) {
      const code = isDatabaseGone(cause) ? 'service_unavailable' : 'internal_error';
      const error = unavailable('the audit event could not be committed', cause, code);
      for (const entry of batch) entry.reject(error);
    }
  }

  /** @returns which rows, by position, rely on something that has changed or can't be checked */
  async function checkAgain(batch: readonly Waiting[]): Promise<(n: number) => boolean> {
    const fenced = batch.flatMap(({ row }, n) => (row.biller_version === undefined ? [] : [{ n, ...row }]));
    if (fenced.length === 0) return () => false;
    const began = performance.now();
    const changed = await database.query<{ n: number }>(CHECK, [toJson(fenced)]).catch(() => undefined);
    const over = changed === undefined || performance.now() - began > RELIABLE_MS ? fenced : changed;
    const positions = new Set(over.map(({ n }) => n));
    return (n) => positions.has(n);
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await writeBatch(batch);
    }
    writing = undefined;
  }

  async function appendAllWithin(transaction: Transaction, events: readonly AuditEvent[]): Promise<void> {
    if (events.length === 0) return;
    const at = new Date(clock());
    const rows = events.map((event) => {
      const { address, email, account, otherAccounts, loginType, details, ...facts } = event;
      return { ...facts, at, ...storedPeople(event, keyedHash), details: { ...details } };
    });
    await transaction.insertInto('auditEvents').values(rows).execute();
  }

  return {
    append(event, fence) {
      if (waiting.length >= MAX_WAITING) {
        return Promise.reject(unavailable(`${MAX_WAITING} audit events are waiting for the database`));
      }
      return new Promise((resolve, reject) => {
        const people = storedPeople(event, keyedHash);
        const row = {
          at: new Date(clock()).toISOString(),
          event: event.event,
          reference: event.reference,
          biller_id: event.billerId,
          user_id: event.userId,
          email_hash: people.emailHash,
          request_id: event.requestId,
          assertion_id: event.assertionId,
          key_fingerprint: event.keyFingerprint,
          details: event.details,
          address: people.address,
          account_hash: people.accountHash,
          other_account_hashes: people.otherAccountHashes,
          login_type_hash: people.loginTypeHash,
          ...fenceColumns(fence),
        };
        waiting.push({ row, resolve, reject });
        writing ??= writeAll();
      });
    },
    async check(billerId, fence) {
      const row = { n: 0, at: new Date(clock()).toISOString(), biller_id: billerId, ...fenceColumns(fence) };
      const began = performance.now();
      const changed = await database.query<{ n: number }>(CHECK, [toJson([row])]);
      if (changed.length > 0) throw new OutdatedState(billerId);
      if (performance.now() - began > RELIABLE_MS) throw unavailable(TOO_LATE);
    },
    appendWithin: (transaction, event) => appendAllWithin(transaction, [event]),
    appendAllWithin,
    drained: async () => {
      await writing;
    },
  };
}

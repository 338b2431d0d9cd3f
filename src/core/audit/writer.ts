import { type Database, isDatabaseGone, type Statement, type Transaction } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import type { AuditEvent } from './events.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { storedPeople } from './people.ts';

/** Commits audit events. */
export interface AuditWriter {
  /**
   * Resolves once the event is committed.
   *
   * @returns false if the database refused it: an assertion for this request has already been issued
   * @throws IdpError service_unavailable if it can't be committed
   */
  append(event: AuditEvent): Promise<boolean>;
  /** Writes an event in the caller's transaction: it is committed together with the change, or not at all. */
  appendWithin(transaction: Transaction, event: AuditEvent): Promise<void>;
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

// The same text for every batch size, so that it is planned once. The conflict is the index one_assertion_per_request.
const INSERT: Statement = {
  name: 'audit-insert',
  text: `insert into audit_events
      (at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details,
      address, account_hash, other_account_hashes, login_type_hash)
    select at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details,
      address, account_hash, other_account_hashes, login_type_hash
    from jsonb_to_recordset($1::jsonb) as batch (at timestamptz, event text, reference text, biller_id uuid, user_id uuid,
      email_hash text, request_id text, assertion_id text, key_fingerprint text, details jsonb,
      address inet, account_hash text, other_account_hashes text[], login_type_hash text)
    on conflict do nothing
    returning assertion_id`,
};

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

interface AuditServices {
  readonly database: Database;
  readonly keyedHash: KeyedHash;
  readonly clock: () => number;
}

/**
 * A writer with one INSERT in flight: events that arrive in the meantime form the next batch (group commit), so that
 * waiting for the commit costs one round trip in total instead of one per event.
 */
export function createAuditWriter({ database, keyedHash, clock }: AuditServices): AuditWriter {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await database.query<{ assertion_id: string | null }>(INSERT, [
        toJson(batch.map((entry) => entry.row)),
      ]);
      if (rows.length === batch.length) {
        for (const entry of batch) entry.resolve(true);
        return;
      }
      const written = new Set(rows.map((row) => row.assertion_id));
      for (const entry of batch) {
        entry.resolve(entry.row.assertion_id === undefined || written.has(entry.row.assertion_id as string));
      }
    } catch (cause) {
      const code = isDatabaseGone(cause) ? 'service_unavailable' : 'internal_error';
      const error = new IdpError(code, {
        detail: 'the audit event could not be committed',
        cause,
        retryAfter: RETRY_AFTER_SECONDS,
      });
      for (const entry of batch) entry.reject(error);
    }
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await writeBatch(batch);
    }
    writing = undefined;
  }

  return {
    append(event) {
      if (waiting.length >= MAX_WAITING) {
        const detail = `${MAX_WAITING} audit events are waiting for the database`;
        return Promise.reject(new IdpError('service_unavailable', { detail, retryAfter: RETRY_AFTER_SECONDS }));
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
        };
        waiting.push({ row, resolve, reject });
        writing ??= writeAll();
      });
    },
    async appendWithin(transaction, event) {
      const { address, email, account, otherAccounts, loginType, details, ...facts } = event;
      await transaction
        .insertInto('auditEvents')
        .values({
          ...facts,
          at: new Date(clock()),
          ...storedPeople(event, keyedHash),
          details: { ...details },
        })
        .execute();
    },
    drained: async () => {
      await writing;
    },
  };
}

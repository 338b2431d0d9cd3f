import type { Statement } from '../../platform/database/database.ts';

/**
 * Whether a row of `batch` still relies on what is so. A row that does not rely on anything has no biller_version.
 *
 * The biller is the version that was read, the key is the one that signs for this portal user, signing is not on hold,
 * the session is alive, and its portal user with their accounts is the version that was read. The staged key signs for
 * its canary and for no one else; the active key signs for everybody else, and not for the canary: otherwise an accepted
 * sign-on would prove nothing. Each is one look into an index: as scalar subqueries, so that the planner does not scan a
 * whole table once for all rows instead.
 */
const CURRENT = `(biller_version is null or coalesce(
      (select k.hold_until is null or k.hold_until <= clock_timestamp()
        from billers b join signing_keys k on k.biller_id = b.id and k.state = 'active'
          left join signing_keys s on s.biller_id = b.id and s.state = 'staged' and s.canary_user_id = batch.user_id
        where b.id = batch.biller_id and b.xmin::text = batch.biller_version
          and coalesce(s.fingerprint, k.fingerprint) = batch.signing_key)
      and (session is null or (select u.xmin::text = batch.user_version and s.expires_at > batch.at
        from sessions s join portal_users u on u.id = s.user_id
        where s.id_hash = decode(batch.session, 'hex') and s.user_id = batch.user_id and s.biller_id = batch.biller_id)),
      false))`;

const BATCH = `jsonb_to_recordset($1::jsonb) as batch (n int, at timestamptz, event text, reference text, biller_id uuid,
      user_id uuid, email_hash text, request_id text, assertion_id text, key_fingerprint text, details jsonb, address inet,
      account_hash text, other_account_hashes text[], login_type_hash text, biller_version text, signing_key text, session text, user_version text)`;

/** One row for each event that was written, with its assertion_id, and one for each that is outdated, with its n. */
export interface Appended {
  readonly assertion_id: string | null;
  readonly n: number | null;
}

// The same text for every batch size, so that it is planned once. The conflict is the index one_assertion_per_request.
export const APPEND: Statement = {
  name: 'audit-append',
  text: `with batch as materialized (select *, ${CURRENT} as current from ${BATCH}),
    written as (
      insert into audit_events
        (at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details,
        address, account_hash, other_account_hashes, login_type_hash)
      select at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details,
        address, account_hash, other_account_hashes, login_type_hash
      from batch where current
      on conflict do nothing
      returning assertion_id)
    select assertion_id, null::int as n from written
    union all select null, n from batch where not current`,
};

/** Checks the same without writing anything. @returns the `n` of the outdated rows */
export const CHECK: Statement = {
  name: 'audit-check',
  text: `select n from ${BATCH} where not ${CURRENT}`,
};

/**
 * Statements that make each INSERT into the audit as slow as on a slow disk, so that an assertion sent before its row is
 * committed is noticed.
 */
export const SLOW_AUDIT = [
  `create function be_slow() returns trigger language plpgsql as $$
    begin perform pg_sleep(0.015); return null; end $$`,
  'create trigger slow after insert on audit_events for each statement execute function be_slow()',
] as const;

-- Who a request came from, and for which account an assertion was issued. Accounts are kept as keyed hashes only.
-- Earlier versions leave all of these empty, so the indexes start empty; making each of them reads the table once. An
-- operator may have made them before, with CREATE INDEX CONCURRENTLY, which does not hold up sign-ons.
ALTER TABLE "audit_events" ADD COLUMN IF NOT EXISTS "address" inet;
ALTER TABLE "audit_events" ADD COLUMN IF NOT EXISTS "account_hash" text;
ALTER TABLE "audit_events" ADD COLUMN IF NOT EXISTS "other_account_hashes" text[];
ALTER TABLE "audit_events" ADD COLUMN IF NOT EXISTS "login_type_hash" text;
CREATE INDEX IF NOT EXISTS "audit_events_address" ON "audit_events" USING btree ("address", "id") WHERE "audit_events"."address" is not null;
CREATE INDEX IF NOT EXISTS "audit_events_account" ON "audit_events" USING btree ("account_hash", "id") WHERE "audit_events"."account_hash" is not null;
CREATE INDEX IF NOT EXISTS "audit_events_other_accounts" ON "audit_events" USING gin ("other_account_hashes") WHERE "audit_events"."other_account_hashes" is not null;

-- Who a request came from, and for which account an assertion was issued. Accounts are kept as keyed hashes only.
-- Earlier versions leave all of these empty, so the indexes start empty: making them reads the table once.
ALTER TABLE "audit_events" ADD COLUMN "address" inet;
ALTER TABLE "audit_events" ADD COLUMN "account_hash" text;
ALTER TABLE "audit_events" ADD COLUMN "other_account_hashes" text[];
ALTER TABLE "audit_events" ADD COLUMN "login_type_hash" text;
CREATE INDEX "audit_events_address" ON "audit_events" USING btree ("address", "id") WHERE "audit_events"."address" is not null;
CREATE INDEX "audit_events_account" ON "audit_events" USING btree ("account_hash", "id") WHERE "audit_events"."account_hash" is not null;
CREATE INDEX "audit_events_other_accounts" ON "audit_events" USING gin ("other_account_hashes") WHERE "audit_events"."other_account_hashes" is not null;

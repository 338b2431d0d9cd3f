-- What is known about a key at the other side: whether a sign-on that it signed was accepted there, and the portal user
-- whose sign-ons a staged key signs, to find out.
ALTER TABLE "signing_keys" ADD COLUMN "trust" text;
ALTER TABLE "signing_keys" ADD COLUMN "trust_at" timestamp (3) with time zone;
ALTER TABLE "signing_keys" ADD COLUMN "canary_user_id" uuid;
ALTER TABLE "signing_keys" ADD COLUMN "canary_since" timestamp (3) with time zone;
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_trust" CHECK ("trust" in ('accepted', 'refused'));
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_canary_user_id_portal_users_id_fk" FOREIGN KEY ("canary_user_id") REFERENCES "portal_users"("id") ON DELETE set null;
CREATE INDEX "signing_keys_canary_user" ON "signing_keys" USING btree ("canary_user_id") WHERE "canary_user_id" is not null;

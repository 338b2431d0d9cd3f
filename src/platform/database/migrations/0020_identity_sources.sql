-- Who a portal user is: the source that vouches for them, and their ID there. A user of the directory is found by email
-- and has a password; for every other source an email is only what the source says, so that "email_key" is null. The
-- version before looks users up by "email_key" alone, and so finds those of the directory only.
ALTER TABLE "portal_users" ADD COLUMN "source" text NOT NULL DEFAULT 'directory';
ALTER TABLE "portal_users" ADD COLUMN "external_id" text;
ALTER TABLE "portal_users" ALTER COLUMN "email_key" DROP NOT NULL;
ALTER TABLE "portal_users" ALTER COLUMN "password_hash" DROP NOT NULL;
ALTER TABLE "portal_users" ADD CONSTRAINT "portal_users_source" CHECK ("source" in ('directory', 'portal', 'oidc'));
ALTER TABLE "portal_users" ADD CONSTRAINT "portal_users_identity" CHECK (CASE "source"
	WHEN 'directory' THEN "external_id" is null and "email_key" is not null and "password_hash" is not null
	ELSE "external_id" is not null and "email_key" is null and "password_hash" is null END);
CREATE UNIQUE INDEX "portal_users_external_id" ON "portal_users" USING btree ("biller_id","source","external_id") WHERE "external_id" is not null;
CREATE INDEX "portal_users_said_email" ON "portal_users" USING btree ("biller_id", lower("email")) WHERE "source" <> 'directory';
-- How the person became known: by their password, or by the word of another source.
ALTER TABLE "sessions" ADD COLUMN "began_by" text NOT NULL DEFAULT 'password';

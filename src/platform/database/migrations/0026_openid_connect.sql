-- Sign-in at the OpenID Connect provider of a biller's portal. Each biller has one client there, and its secret is sealed. It
-- belongs to the issuer and the client ID, and is used with no others, whatever an instance has cached.
CREATE TABLE "openid_client_secrets" (
	"biller_id" uuid PRIMARY KEY NOT NULL,
	"issuer" text NOT NULL,
	"client_id" text NOT NULL,
	"sealed_secret" "bytea" NOT NULL
);
ALTER TABLE "openid_client_secrets" ADD CONSTRAINT "openid_client_secrets_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "billers"("id") ON DELETE cascade;
-- What the provider said about a sign-in: when the person proved who they are, how (as an AuthnContext class), its own ID of
-- the session, for its back-channel logout, and the ID token, sealed under a key that only the cookie of the session gives.
ALTER TABLE "sessions" ADD COLUMN "proven_at" timestamp (3) with time zone;
ALTER TABLE "sessions" ADD COLUMN "authn_context" text;
ALTER TABLE "sessions" ADD COLUMN "provider_session" text;
ALTER TABLE "sessions" ADD COLUMN "sealed_id_token" "bytea";
CREATE INDEX "sessions_provider_session" ON "sessions" USING btree ("biller_id","provider_session") WHERE "provider_session" is not null;

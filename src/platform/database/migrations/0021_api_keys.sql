-- Keys of portals' back ends. Only the SHA-256 of a key's 256 random bits is kept.
CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"biller_id" uuid NOT NULL,
	"role" text NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_role" CHECK ("role" in ('portal'))
);

ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "billers"("id") ON DELETE cascade;
CREATE INDEX "api_keys_biller" ON "api_keys" USING btree ("biller_id","created_at");

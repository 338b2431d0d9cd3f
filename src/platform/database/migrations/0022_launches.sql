-- Launches that a portal's back end asked for. The ticket is the secret in their address; only its SHA-256 is kept.
CREATE TABLE "launch_tickets" (
	"id" text PRIMARY KEY NOT NULL,
	"ticket_hash" "bytea" NOT NULL,
	"biller_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"account" text NOT NULL,
	"destination" integer NOT NULL,
	"view_mode" integer NOT NULL,
	"return_url" text,
	"refresh_url" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	"refreshed_at" timestamp (3) with time zone,
	CONSTRAINT "launch_tickets_ticket_hash_unique" UNIQUE("ticket_hash")
);

-- Answers of the API that are given again under the same Idempotency-Key; null while the first call is worked on.
CREATE TABLE "api_answers" (
	"api_key_id" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"fingerprint" "bytea" NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"sealed_answer" "bytea",
	CONSTRAINT "api_answers_pk" PRIMARY KEY("api_key_id","key_hash")
);

ALTER TABLE "launch_tickets" ADD CONSTRAINT "launch_tickets_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "billers"("id") ON DELETE cascade;
ALTER TABLE "launch_tickets" ADD CONSTRAINT "launch_tickets_user_id_portal_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portal_users"("id") ON DELETE cascade;
ALTER TABLE "api_answers" ADD CONSTRAINT "api_answers_api_key_id_api_keys_id_fk" FOREIGN KEY ("api_key_id") REFERENCES "api_keys"("id") ON DELETE cascade;
CREATE INDEX "launch_tickets_biller" ON "launch_tickets" USING btree ("biller_id");
CREATE INDEX "launch_tickets_user" ON "launch_tickets" USING btree ("user_id");
CREATE INDEX "launch_tickets_expires" ON "launch_tickets" USING btree ("expires_at");
CREATE INDEX "api_answers_started" ON "api_answers" USING btree ("started_at");

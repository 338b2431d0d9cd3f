CREATE TABLE "expiry_warnings" (
	"key_id" uuid NOT NULL,
	"days" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"delivery" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "expiry_warnings_key_id_days_pk" PRIMARY KEY("key_id","days"),
	CONSTRAINT "expiry_warnings_delivery" CHECK ("expiry_warnings"."delivery" in ('waiting', 'sending', 'delivered', 'unknown', 'given_up', 'passed_over'))
);

CREATE TABLE "key_requests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"biller_id" uuid NOT NULL,
	"key_type" text NOT NULL,
	"sealed_private_key" "bytea" NOT NULL,
	"request" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "key_requests_biller_id_unique" UNIQUE("biller_id")
);

CREATE TABLE "metadata_fetches" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "metadata_fetches_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"biller_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"address" text NOT NULL,
	"client" text NOT NULL,
	"status" integer NOT NULL,
	"certificates" text[] NOT NULL,
	"monitor" boolean NOT NULL
);

CREATE TABLE "one_time_metadata" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"biller_id" uuid NOT NULL,
	"key_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"networks" text[] NOT NULL,
	"used_at" timestamp (3) with time zone,
	"used_from" text
);

ALTER TABLE "signing_keys" ALTER COLUMN "sealed_private_key" DROP NOT NULL;
ALTER TABLE "signing_keys" ADD COLUMN "module_label" text;
ALTER TABLE "signing_keys" ADD COLUMN "state_since" timestamp (3) with time zone DEFAULT now() NOT NULL;
ALTER TABLE "signing_keys" ADD COLUMN "hold_until" timestamp (3) with time zone;
ALTER TABLE "expiry_warnings" ADD CONSTRAINT "expiry_warnings_key_id_signing_keys_id_fk" FOREIGN KEY ("key_id") REFERENCES "public"."signing_keys"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "key_requests" ADD CONSTRAINT "key_requests_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "metadata_fetches" ADD CONSTRAINT "metadata_fetches_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "one_time_metadata" ADD CONSTRAINT "one_time_metadata_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "one_time_metadata" ADD CONSTRAINT "one_time_metadata_key_id_signing_keys_id_fk" FOREIGN KEY ("key_id") REFERENCES "public"."signing_keys"("id") ON DELETE cascade ON UPDATE no action;
CREATE INDEX "expiry_warnings_waiting" ON "expiry_warnings" USING btree ("next_attempt") WHERE "expiry_warnings"."delivery" = 'waiting';
CREATE INDEX "metadata_fetches_biller" ON "metadata_fetches" USING btree ("biller_id","at");
CREATE INDEX "metadata_fetches_at" ON "metadata_fetches" USING btree ("at");
CREATE UNIQUE INDEX "one_staged_key_per_biller" ON "signing_keys" USING btree ("biller_id") WHERE "signing_keys"."state" = 'staged';
CREATE UNIQUE INDEX "one_retiring_key_per_biller" ON "signing_keys" USING btree ("biller_id") WHERE "signing_keys"."state" = 'retiring';
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_private_part" CHECK (("signing_keys"."state" in ('retired', 'revoked')) = ("signing_keys"."sealed_private_key" is null and "signing_keys"."module_label" is null));
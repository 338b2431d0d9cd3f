CREATE TABLE "accounts" (
	"user_id" uuid NOT NULL,
	"number" text NOT NULL,
	"role" text NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "accounts_user_id_number_pk" PRIMARY KEY("user_id","number")
);

CREATE TABLE "audit_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone NOT NULL,
	"event" text NOT NULL,
	"reference" text NOT NULL,
	"biller_id" uuid,
	"user_id" uuid,
	"email_hash" text,
	"request_id" text,
	"assertion_id" text,
	"key_fingerprint" text,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE "billers" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"biller_guid" uuid NOT NULL,
	"service_provider" jsonb NOT NULL,
	"settings" jsonb NOT NULL,
	"pairwise_salt" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "billers_slug_unique" UNIQUE("slug"),
	CONSTRAINT "billers_biller_guid_unique" UNIQUE("biller_guid")
);

CREATE TABLE "installation" (
	"name" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);

CREATE TABLE "portal_users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"biller_id" uuid NOT NULL,
	"email" text NOT NULL,
	"email_key" text NOT NULL,
	"password_hash" text NOT NULL,
	"disabled" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "portal_users_email" UNIQUE("biller_id","email_key")
);

CREATE TABLE "rate_limits" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer NOT NULL,
	"expire" timestamp (3) with time zone
);

CREATE TABLE "sessions" (
	"id_hash" "bytea" PRIMARY KEY NOT NULL,
	"biller_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"session_index" text NOT NULL,
	"authenticated_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"launched_accounts" jsonb DEFAULT '[]'::jsonb NOT NULL
);

CREATE TABLE "sign_on_flows" (
	"id" text PRIMARY KEY NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"biller_id" uuid NOT NULL,
	"request" jsonb NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);

CREATE TABLE "signing_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"biller_id" uuid NOT NULL,
	"state" text NOT NULL,
	"key_type" text NOT NULL,
	"certificate" text NOT NULL,
	"fingerprint" text NOT NULL,
	"sealed_private_key" "bytea" NOT NULL,
	"not_before" timestamp (3) with time zone NOT NULL,
	"not_after" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"activated_at" timestamp (3) with time zone,
	CONSTRAINT "signing_keys_state" CHECK ("signing_keys"."state" in ('staged', 'active', 'retiring', 'retired', 'revoked'))
);

ALTER TABLE "accounts" ADD CONSTRAINT "accounts_user_id_portal_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."portal_users"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "portal_users" ADD CONSTRAINT "portal_users_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_portal_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."portal_users"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "sign_on_flows" ADD CONSTRAINT "sign_on_flows_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
CREATE UNIQUE INDEX "one_assertion_per_request" ON "audit_events" USING btree ("biller_id","request_id") WHERE "audit_events"."event" = 'assertion.issued' and "audit_events"."request_id" is not null;
CREATE INDEX "audit_events_at" ON "audit_events" USING btree ("at");
CREATE INDEX "audit_events_biller" ON "audit_events" USING btree ("biller_id","id");
CREATE INDEX "audit_events_user" ON "audit_events" USING btree ("user_id","id");
CREATE INDEX "audit_events_email" ON "audit_events" USING btree ("email_hash","id");
CREATE INDEX "audit_events_reference" ON "audit_events" USING btree ("reference");
CREATE INDEX "sessions_expires" ON "sessions" USING btree ("expires_at");
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");
CREATE INDEX "sign_on_flows_expires" ON "sign_on_flows" USING btree ("expires_at");
CREATE UNIQUE INDEX "one_active_key_per_biller" ON "signing_keys" USING btree ("biller_id") WHERE "signing_keys"."state" = 'active';
CREATE INDEX "signing_keys_biller" ON "signing_keys" USING btree ("biller_id");
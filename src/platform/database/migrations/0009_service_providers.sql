CREATE TABLE "provider_checks" (
	"biller_id" uuid PRIMARY KEY NOT NULL,
	"next_check" timestamp (3) with time zone NOT NULL
);

CREATE TABLE "provider_findings" (
	"biller_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"finding" text NOT NULL,
	"found_at" timestamp (3) with time zone NOT NULL,
	"delivery" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "provider_findings_pk" PRIMARY KEY("biller_id","kind","subject"),
	CONSTRAINT "provider_findings_delivery" CHECK ("delivery" in ('waiting', 'sending', 'delivered', 'unknown', 'given_up'))
);

ALTER TABLE "provider_checks" ADD CONSTRAINT "provider_checks_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "billers"("id") ON DELETE cascade;
ALTER TABLE "provider_findings" ADD CONSTRAINT "provider_findings_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "billers"("id") ON DELETE cascade;
CREATE INDEX "provider_findings_waiting" ON "provider_findings" USING btree ("next_attempt") WHERE "delivery" = 'waiting';

CREATE TABLE "sign_on_traces" (
	"reference" text PRIMARY KEY NOT NULL,
	"biller_id" uuid,
	"at" timestamp (3) with time zone NOT NULL,
	"trace" jsonb NOT NULL
);

ALTER TABLE "sign_on_traces" ADD CONSTRAINT "sign_on_traces_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "public"."billers"("id") ON DELETE cascade ON UPDATE no action;
CREATE INDEX "sign_on_traces_at" ON "sign_on_traces" USING btree ("at");
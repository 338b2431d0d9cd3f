-- Two hand-overs at the same time could leave two URLs in force. The newest one stays.
DELETE FROM "one_time_metadata" AS "older" USING "one_time_metadata" AS "newer"
	WHERE "older"."used_at" IS NULL AND "newer"."used_at" IS NULL AND "older"."biller_id" = "newer"."biller_id"
	AND ("older"."created_at", "older"."token_hash") < ("newer"."created_at", "newer"."token_hash");

CREATE UNIQUE INDEX "one_open_one_time_url_per_biller" ON "one_time_metadata" USING btree ("biller_id") WHERE "used_at" IS NULL;

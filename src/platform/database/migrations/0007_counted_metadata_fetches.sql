-- One row for all fetches of a day by one client that were shown the same; "digest" is of all that makes them the same.
-- Instances of the version before still write a row for each fetch, without a digest.
ALTER TABLE "metadata_fetches" ADD COLUMN "count" integer NOT NULL DEFAULT 1;
ALTER TABLE "metadata_fetches" ADD COLUMN "digest" bytea;

CREATE UNIQUE INDEX "metadata_fetches_digest" ON "metadata_fetches" USING btree ("biller_id","digest") WHERE "digest" IS NOT NULL;

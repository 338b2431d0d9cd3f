-- An import of a portal's users that is under way, and the rows of its file: they are checked as a whole before anything
-- changes, and may be too many for memory. One import for each biller and source: another one takes its place.
CREATE TABLE "user_imports" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"biller_id" uuid NOT NULL,
	"source" text NOT NULL,
	"reference" text NOT NULL,
	"began_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_imports_source" UNIQUE("biller_id","source")
);
-- Without a foreign key to the import: a million rows are not deleted in one statement.
CREATE TABLE "user_import_rows" (
	"import_id" uuid NOT NULL,
	"external_id" text COLLATE "C" NOT NULL,
	"line" integer NOT NULL,
	"email" text NOT NULL,
	"account" text NOT NULL,
	"role" text NOT NULL,
	CONSTRAINT "user_import_rows_pk" PRIMARY KEY("import_id","external_id","line")
);
ALTER TABLE "user_imports" ADD CONSTRAINT "user_imports_biller_id_billers_id_fk" FOREIGN KEY ("biller_id") REFERENCES "billers"("id") ON DELETE cascade;

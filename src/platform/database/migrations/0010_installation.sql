-- The Entity ID of a biller is its own: it stays when the installation moves to another address. Null: derived from the address.
ALTER TABLE billers ADD COLUMN entity_id text;
-- The running instances, and the check values of the master keys that each of them has.
CREATE TABLE instances (
  id uuid PRIMARY KEY,
  host text NOT NULL,
  pid integer NOT NULL,
  version text NOT NULL,
  master_keys text[] NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);

-- A fetch of a one-time URL says nothing about which address the other side keeps.
ALTER TABLE metadata_fetches ADD COLUMN one_time boolean NOT NULL DEFAULT false;
-- When an operator said that the other side's form has the lasting metadata URL again.
ALTER TABLE one_time_metadata ADD COLUMN replaced_at timestamptz;

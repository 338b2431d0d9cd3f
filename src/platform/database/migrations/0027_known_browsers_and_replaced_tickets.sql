-- Attempts in a known browser are counted by a key of their own, which stays when another person signs in with that browser.
-- A row that was copied for that is not the one of the browser in which its user signed in last.
ALTER TABLE known_browsers ADD COLUMN attempts_key uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE known_browsers ADD COLUMN copied_at timestamp (3) with time zone;
-- The ticket that a launch had before it got another one, for a window of its own: it counts as used.
ALTER TABLE launch_tickets ADD COLUMN replaced_hash bytea;
CREATE INDEX launch_tickets_replaced ON launch_tickets (replaced_hash) WHERE replaced_hash is not null;

-- The account that was chosen, while the sign-on still waits for something else.
ALTER TABLE sign_on_flows ADD COLUMN chosen text;
-- Sign-ons that waited and are being answered, or were: a form that is sent twice gets the same answer.
CREATE TABLE sign_on_answers (
  flow_id text PRIMARY KEY,
  biller_id uuid NOT NULL REFERENCES billers (id) ON DELETE CASCADE,
  secret_hash bytea NOT NULL,
  begun_at timestamptz NOT NULL,
  answered_at timestamptz,
  -- Sealed with the secret in the browser's cookie. Null: an error was answered, or nothing yet.
  answer bytea,
  repeats integer NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL
);
CREATE INDEX sign_on_answers_expires ON sign_on_answers (expires_at);

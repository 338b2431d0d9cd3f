-- Browsers that a portal user has signed in with: each has attempts of its own, which strangers can't use up.
CREATE TABLE known_browsers (
  id_hash bytea NOT NULL,
  user_id uuid NOT NULL REFERENCES portal_users (id) ON DELETE CASCADE,
  seen_at timestamp (3) with time zone NOT NULL,
  expires_at timestamp (3) with time zone NOT NULL,
  PRIMARY KEY (id_hash, user_id)
);
CREATE INDEX known_browsers_user ON known_browsers (user_id);
CREATE INDEX known_browsers_expires ON known_browsers (expires_at);

-- One-time links to set a new password: a portal user has at most one.
CREATE TABLE password_links (
  user_id uuid PRIMARY KEY REFERENCES portal_users (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL UNIQUE,
  created_at timestamp (3) with time zone NOT NULL,
  expires_at timestamp (3) with time zone NOT NULL
);
CREATE INDEX password_links_expires ON password_links (expires_at);

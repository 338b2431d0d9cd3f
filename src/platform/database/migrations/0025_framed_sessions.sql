-- A session inside a frame of the portal is for one launch only, and so for one account. Null: a session at top level.
ALTER TABLE sessions ADD COLUMN framed_account text;

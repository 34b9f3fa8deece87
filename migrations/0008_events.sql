-- Events: whose act each was, how far they were handed out, what is tried again, and what failed for good.

ALTER TABLE events ADD COLUMN actor_id TEXT;

-- How far each organization's events were handed out. A cursor and no mark on the events: an index of those that wait would cost every order two more rows.
CREATE TABLE event_cursors (
  org_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  moved_at INTEGER NOT NULL,
  PRIMARY KEY (org_id)
) WITHOUT ROWID;

-- What happened before anybody listened is no news.
INSERT INTO event_cursors (org_id, seq, moved_at) SELECT org_id, max(seq), max(at) FROM events GROUP BY org_id;

-- An event that one subscriber fails at stands here, so that it holds up nothing else.
CREATE TABLE event_retries (
  org_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  subscriber TEXT NOT NULL,
  failures INTEGER NOT NULL,
  error TEXT,
  retry_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, event_id, subscriber)
) WITHOUT ROWID;
CREATE INDEX event_retries_retry_at ON event_retries (retry_at);

-- Every event up to here is known to be handed out; one row.
CREATE TABLE event_sweep (
  one INTEGER PRIMARY KEY NOT NULL,
  seq INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO event_sweep (one, seq) SELECT 1, coalesce(max(seq), 0) FROM events;

CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY NOT NULL,
  source TEXT NOT NULL UNIQUE,
  queue TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT,
  status TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  replayed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX dead_letters_status ON dead_letters (status, id);

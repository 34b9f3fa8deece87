-- Platform: guards, audit trail, events, kept answers, kept mails, revocations.

-- A statement that must hold at commit inserts here when it does not; the insert never succeeds.
CREATE TABLE guards (code TEXT NOT NULL);
CREATE TRIGGER guards_abort BEFORE INSERT ON guards BEGIN
  SELECT RAISE(ABORT, 'waybill guard: ' || NEW.code);
END;

CREATE TABLE audit_logs (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT,
  actor_name TEXT,
  action TEXT NOT NULL,
  entity TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  before TEXT,
  after TEXT,
  ip_address TEXT,
  user_agent TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  permission TEXT NOT NULL,
  data TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE UNIQUE INDEX events_org_id_id ON events (org_id, id);
CREATE INDEX events_org_id_seq ON events (org_id, seq);

CREATE TABLE idempotency_keys (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE kept_mails (
  id TEXT PRIMARY KEY NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL,
  token TEXT,
  sent_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX kept_mails_recipient ON kept_mails (recipient, id);

CREATE TABLE revocations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX revocations_expires_at ON revocations (expires_at);

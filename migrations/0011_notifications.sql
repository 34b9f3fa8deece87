-- Notifications: what a person was told of, what they want to be told of, and the mails that wait to go out.

-- The id is the event's own under another prefix, so that a person is told of an event once however often it comes.
CREATE TABLE notifications (
  org_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  subject_kind TEXT,
  subject_id TEXT,
  created_at INTEGER NOT NULL,
  read_at INTEGER,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, user_id, id)
) WITHOUT ROWID;
CREATE INDEX notifications_unread ON notifications (org_id, user_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_expires_at ON notifications (expires_at);

-- What a person chose otherwise than by default, by event type and channel. Users are never deleted, so nothing is orphaned.
CREATE TABLE notification_preferences (
  org_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  choices TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, user_id)
) WITHOUT ROWID;

-- One row for each event and person told by mail; it outlives the mail, so that no repeat sends another. What the mail
-- says is made from the event when it is sent, and stands nowhere.
CREATE TABLE mail_outbox (
  org_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, event_id, user_id)
) WITHOUT ROWID;
CREATE INDEX mail_outbox_waiting ON mail_outbox (org_id, due_at) WHERE status = 'WAITING';
CREATE INDEX mail_outbox_due ON mail_outbox (due_at, org_id) WHERE status = 'WAITING';
CREATE INDEX mail_outbox_created_at ON mail_outbox (created_at);

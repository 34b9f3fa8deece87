-- Chat: canned replies. Messages, marks and tickets are in Durable Objects.
CREATE TABLE canned_replies (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  title TEXT NOT NULL,
  content TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;

-- A message names its recipient by id alone, before anybody knows whose they are.
CREATE UNIQUE INDEX users_id ON users (id);

import type { SchemaStep } from "../shared/migrate.ts"

export const roomSteps: readonly SchemaStep[] = [
  {
    id: 1,
    name: "messages, marks, who is live",
    sql: `
CREATE TABLE room (one INTEGER PRIMARY KEY CHECK (one = 1), facts TEXT NOT NULL);
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sender_id TEXT NOT NULL, sender_org_id TEXT NOT NULL, sender_name TEXT NOT NULL,
  recipient_id TEXT, client_id TEXT, content TEXT NOT NULL, attachments TEXT NOT NULL, product_ids TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE TABLE marks (
  user_id TEXT PRIMARY KEY, org_id TEXT NOT NULL, name TEXT NOT NULL, read_seq INTEGER NOT NULL, delivered_seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE live (user_id TEXT PRIMARY KEY, org_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE subscriptions (org_id TEXT PRIMARY KEY, until INTEGER NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE due (kind TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
`,
  },
  {
    id: 2,
    name: "complaints that messages are about",
    sql: "ALTER TABLE messages ADD COLUMN complaint_id TEXT",
  },
]

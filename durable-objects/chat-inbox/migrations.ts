import type { SchemaStep } from "../shared/migrate.ts"

export const inboxSteps: readonly SchemaStep[] = [
  {
    id: 1,
    name: "owner, sockets, tickets, conversations",
    sql: `
CREATE TABLE owner (one INTEGER PRIMARY KEY CHECK (one = 1), user_id TEXT NOT NULL, org_id TEXT NOT NULL, turn INTEGER NOT NULL, is_live INTEGER NOT NULL);
CREATE TABLE sockets (id TEXT PRIMARY KEY, facts TEXT NOT NULL, opened_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tickets (hash TEXT PRIMARY KEY, claims TEXT NOT NULL, subjects TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE conversations (
  id TEXT PRIMARY KEY, turn INTEGER NOT NULL, known_seq INTEGER NOT NULL, read_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL, last_message TEXT, last_at INTEGER NOT NULL, head TEXT
) WITHOUT ROWID;
CREATE INDEX conversations_pairs ON conversations (last_at, id) WHERE head IS NOT NULL;
CREATE TABLE recipients (user_id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE due (kind TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
`,
  },
  {
    id: 2,
    name: "the allowance of frames, claims of files",
    sql: `
CREATE TABLE allowance (one INTEGER PRIMARY KEY CHECK (one = 1), left_over REAL NOT NULL, at INTEGER NOT NULL);
CREATE TABLE claims (message_id TEXT PRIMARY KEY, facts TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX claims_at ON claims (at);
`,
  },
]

-- Identity: users, sessions and their refresh tokens, reset tokens, invitations, custom roles, API keys.
CREATE TABLE users (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  email TEXT NOT NULL,
  full_name TEXT NOT NULL,
  password_hash TEXT,
  roles TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
-- Sign-in is by address, which is unique across the platform.
CREATE UNIQUE INDEX users_email ON users (email);

-- The key leads by user: a person's sessions are one range, and sign-in writes no second index.
CREATE TABLE sessions (
  org_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  ip_address TEXT,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (org_id, user_id, id),
  FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
) WITHOUT ROWID;

-- Refresh tokens by hash, spent ones too, so that a replay is recognized. An id sorts by time, so that old rows are one
-- range and sign-in writes no index for the clean-up; and no foreign key, which would need an index on the session.
CREATE TABLE refresh_tokens (
  id TEXT PRIMARY KEY NOT NULL,
  org_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  spent_at INTEGER
) WITHOUT ROWID;

CREATE TABLE reset_tokens (
  hash TEXT PRIMARY KEY NOT NULL,
  org_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
) WITHOUT ROWID;
CREATE INDEX reset_tokens_user ON reset_tokens (org_id, user_id);
CREATE INDEX reset_tokens_expires_at ON reset_tokens (expires_at);

CREATE TABLE invitations (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  email TEXT NOT NULL,
  roles TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  user_id TEXT,
  invited_by TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX invitations_token_hash ON invitations (token_hash);
CREATE UNIQUE INDEX invitations_email ON invitations (org_id, email);
CREATE INDEX invitations_expires_at ON invitations (expires_at);

CREATE TABLE custom_roles (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  permissions TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX custom_roles_name ON custom_roles (org_id, name);

CREATE TABLE api_keys (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  permissions TEXT NOT NULL,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_secret_hash ON api_keys (secret_hash);

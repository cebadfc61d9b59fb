-- Who may ask for what. Of the secret there is its SHA-256 only: it is random itself (178 bits), so it needs no salt.
CREATE TABLE keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  kind TEXT NOT NULL CHECK (kind IN ('sk', 'pk')),
  scopes TEXT NOT NULL CHECK (json_valid(scopes)),
  digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
  hint TEXT NOT NULL,
  rate TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  replaced_at INTEGER,
  revoked_at INTEGER,
  CHECK (kind = 'sk' OR scopes IN ('["assign"]', '["reward"]', '["assign","reward"]'))
) STRICT;

-- A name has one key; those that it had before may go on for a while beside it.
CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE revoked_at IS NULL AND replaced_at IS NULL;

-- Who changed which key, and when. The highest number tells whoever has read the keys whether they have changed since.
CREATE TABLE key_changes (
  number INTEGER PRIMARY KEY CHECK (number >= 1),
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('created', 'replaced', 'revoked')),
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  changes TEXT NOT NULL CHECK (json_valid(changes))
) STRICT;

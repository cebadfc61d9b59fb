-- Who may ask for what. Of the secret there is its SHA-256 only: it is random itself (178 bits), so it needs no salt.
CREATE TABLE keys (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name TEXT NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
  kind TEXT NOT NULL CHECK (kind IN ('sk', 'pk')),
  scopes TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE CHECK (char_length(digest) = 64),
  hint TEXT NOT NULL,
  rate TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  replaced_at BIGINT,
  revoked_at BIGINT,
  CHECK (kind = 'sk' OR scopes IN ('["assign"]', '["reward"]', '["assign","reward"]'))
);

-- A name has one key; those that it had before may go on for a while beside it.
CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE revoked_at IS NULL AND replaced_at IS NULL;

-- Who changed which key, and when. The highest number tells whoever has read the keys whether they have changed since.
CREATE TABLE key_changes (
  number BIGINT PRIMARY KEY CHECK (number >= 1),
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('created', 'replaced', 'revoked')),
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  changes TEXT NOT NULL
);

-- The experiments as they are now. The definition is JSON, because nothing here ever asks for a part of it; as text, which gives back
-- every bit of a double and keys in their order, as jsonb does not.
CREATE TABLE experiments (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key TEXT COLLATE "C" NOT NULL UNIQUE,
  salt TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'running', 'paused', 'stopped')),
  version INTEGER NOT NULL CHECK (version >= 1),
  definition TEXT NOT NULL,
  winner TEXT,
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  stopped_at BIGINT,
  CHECK ((status = 'draft') = (started_at IS NULL)),
  CHECK ((status = 'stopped') = (stopped_at IS NOT NULL)),
  CHECK (winner IS NULL OR status = 'stopped')
);

-- Who changed what, and when: one row a version.
CREATE TABLE changes (
  experiment_id BIGINT NOT NULL REFERENCES experiments (id),
  version INTEGER NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('created', 'changed', 'started', 'paused', 'stopped')),
  changes TEXT NOT NULL,
  PRIMARY KEY (experiment_id, version)
);

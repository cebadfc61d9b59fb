-- The experiments as they are now. The definition is JSON, because nothing here ever asks for a part of it.
CREATE TABLE experiments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  salt TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'running', 'paused', 'stopped')),
  version INTEGER NOT NULL CHECK (version >= 1),
  definition TEXT NOT NULL CHECK (json_valid(definition)),
  winner TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  stopped_at INTEGER,
  CHECK ((status = 'draft') = (started_at IS NULL)),
  CHECK ((status = 'stopped') = (stopped_at IS NOT NULL)),
  CHECK (winner IS NULL OR status = 'stopped')
) STRICT;

-- Who changed what, and when: one row a version.
CREATE TABLE changes (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('created', 'changed', 'started', 'paused', 'stopped')),
  changes TEXT NOT NULL CHECK (json_valid(changes)),
  PRIMARY KEY (experiment_id, version)
) STRICT, WITHOUT ROWID;

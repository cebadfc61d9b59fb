-- Files to which facts have gone, in the transaction that took the facts out of here. `number` counts the parts of an experiment.
CREATE TABLE archives (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  facts TEXT NOT NULL CHECK (facts IN ('assignments', 'rewards')),
  -- Relative to the folder of the archive.
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  row_count INTEGER NOT NULL CHECK (row_count >= 1),
  archived_at INTEGER NOT NULL,
  PRIMARY KEY (experiment_id, number, facts)
) STRICT, WITHOUT ROWID;

-- What the archived facts come to, recomputed from the files when they were written: so the ledger can still be proved without them.
CREATE TABLE archived_tallies (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  metric INTEGER NOT NULL CHECK (metric >= 0),
  snapshot INTEGER NOT NULL,
  arm INTEGER NOT NULL CHECK (arm >= 0),
  units INTEGER NOT NULL CHECK (units >= 1),
  sum REAL NOT NULL,
  sum_of_squares REAL NOT NULL,
  rewards INTEGER NOT NULL CHECK (rewards >= 0),
  delayed_rewards INTEGER NOT NULL CHECK (delayed_rewards BETWEEN 0 AND rewards),
  -- Of all archived units of the snapshot.
  last_assigned_at INTEGER NOT NULL,
  PRIMARY KEY (experiment_id, metric, snapshot, arm)
) STRICT, WITHOUT ROWID;

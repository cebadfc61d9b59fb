-- Files to which facts have gone, in the transaction that took the facts out of here. `number` counts the parts of an experiment.
CREATE TABLE archives (
  experiment_id BIGINT NOT NULL REFERENCES experiments (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  facts TEXT NOT NULL CHECK (facts IN ('assignments', 'rewards')),
  -- Relative to the folder of the archive.
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL CHECK (char_length(sha256) = 64),
  row_count BIGINT NOT NULL CHECK (row_count >= 1),
  archived_at BIGINT NOT NULL,
  PRIMARY KEY (experiment_id, number, facts)
);

-- What the archived facts come to, recomputed from the files when they were written: so the ledger can still be proved without them.
CREATE TABLE archived_tallies (
  experiment_id BIGINT NOT NULL REFERENCES experiments (id),
  metric INTEGER NOT NULL CHECK (metric >= 0),
  snapshot INTEGER NOT NULL,
  arm INTEGER NOT NULL CHECK (arm >= 0),
  units BIGINT NOT NULL CHECK (units >= 1),
  sum DOUBLE PRECISION NOT NULL,
  sum_of_squares DOUBLE PRECISION NOT NULL,
  rewards BIGINT NOT NULL CHECK (rewards >= 0),
  delayed_rewards BIGINT NOT NULL CHECK (delayed_rewards BETWEEN 0 AND rewards),
  -- Of all archived units of the snapshot.
  last_assigned_at BIGINT NOT NULL,
  PRIMARY KEY (experiment_id, metric, snapshot, arm)
);

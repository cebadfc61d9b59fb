-- The policy frozen, again and again. Propensities are a JSON list by arm position: JSON keeps every bit of a double.
CREATE TABLE snapshots (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  version INTEGER NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('start', 'refresh', 'change')),
  created_at INTEGER NOT NULL,
  propensities TEXT NOT NULL CHECK (json_valid(propensities)),
  ledger_units INTEGER NOT NULL CHECK (ledger_units >= 0),
  ledger_rewards INTEGER NOT NULL CHECK (ledger_rewards >= 0),
  units INTEGER NOT NULL DEFAULT 0 CHECK (units >= 0),
  last_assigned_at INTEGER,
  PRIMARY KEY (experiment_id, number),
  CHECK ((units = 0) = (last_assigned_at IS NULL))
) STRICT, WITHOUT ROWID;

-- The ledger: written in the same transaction as the assignments and rewards that it counts.
CREATE TABLE tallies (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  metric INTEGER NOT NULL CHECK (metric >= 0),
  snapshot INTEGER NOT NULL,
  arm INTEGER NOT NULL CHECK (arm >= 0),
  units INTEGER NOT NULL CHECK (units >= 0),
  sum REAL NOT NULL,
  sum_of_squares REAL NOT NULL,
  -- What rounding took from the two sums (Neumaier 1974): a large mistake that is corrected must not leave its rounding behind.
  sum_error REAL NOT NULL,
  sum_of_squares_error REAL NOT NULL,
  rewards INTEGER NOT NULL CHECK (rewards >= 0),
  delayed_rewards INTEGER NOT NULL CHECK (delayed_rewards BETWEEN 0 AND rewards),
  PRIMARY KEY (experiment_id, metric, snapshot, arm)
) STRICT, WITHOUT ROWID;

-- The policy frozen, again and again. Propensities are a JSON list by arm position: JSON keeps every bit of a double.
CREATE TABLE snapshots (
  experiment_id BIGINT NOT NULL REFERENCES experiments (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  version INTEGER NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('start', 'refresh', 'change')),
  created_at BIGINT NOT NULL,
  propensities TEXT NOT NULL,
  ledger_units BIGINT NOT NULL CHECK (ledger_units >= 0),
  ledger_rewards BIGINT NOT NULL CHECK (ledger_rewards >= 0),
  PRIMARY KEY (experiment_id, number)
);

-- In the tables below each process writes to rows of its own, so that none waits for another's commit; whoever reads sums them. A
-- writer is one of 16 slots, chosen at random at start: so the rows stay few over any number of starts, and two processes in one slot
-- only wait for each other. There is room on each page for the rows' next versions, which then need no work in the index.

-- The units of a snapshot.
CREATE TABLE batches (
  experiment_id BIGINT NOT NULL,
  snapshot INTEGER NOT NULL,
  writer SMALLINT NOT NULL,
  units BIGINT NOT NULL CHECK (units >= 1),
  last_assigned_at BIGINT NOT NULL,
  PRIMARY KEY (experiment_id, snapshot, writer)
) WITH (fillfactor = 50);

-- The ledger: written in the same transaction as the assignments and rewards that it counts.
CREATE TABLE tallies (
  experiment_id BIGINT NOT NULL,
  metric INTEGER NOT NULL CHECK (metric >= 0),
  snapshot INTEGER NOT NULL,
  arm INTEGER NOT NULL CHECK (arm >= 0),
  writer SMALLINT NOT NULL,
  units BIGINT NOT NULL CHECK (units >= 0),
  sum DOUBLE PRECISION NOT NULL,
  sum_of_squares DOUBLE PRECISION NOT NULL,
  -- What rounding took from the two sums (Neumaier 1974): a large mistake that is corrected must not leave its rounding behind.
  sum_error DOUBLE PRECISION NOT NULL,
  sum_of_squares_error DOUBLE PRECISION NOT NULL,
  rewards BIGINT NOT NULL CHECK (rewards >= 0),
  delayed_rewards BIGINT NOT NULL CHECK (delayed_rewards BETWEEN 0 AND rewards),
  PRIMARY KEY (experiment_id, metric, snapshot, arm, writer)
) WITH (fillfactor = 50);

-- The tallies summed over snapshots and arms: what every process reads again and again, to see what the others have counted.
CREATE TABLE growth (
  experiment_id BIGINT NOT NULL,
  metric INTEGER NOT NULL CHECK (metric >= 0),
  writer SMALLINT NOT NULL,
  units BIGINT NOT NULL CHECK (units >= 0),
  rewards BIGINT NOT NULL CHECK (rewards >= 0),
  PRIMARY KEY (experiment_id, metric, writer)
) WITH (fillfactor = 50);

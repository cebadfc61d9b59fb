-- One row a unit, never changed. No foreign key: the check would cost a look-up a row, and `npm run verify` proves more. Units are
-- compared by their bytes, whatever the database's locale.
CREATE TABLE assignments (
  experiment_id BIGINT NOT NULL,
  unit TEXT COLLATE "C" NOT NULL CHECK (char_length(unit) BETWEEN 1 AND 256),
  arm INTEGER NOT NULL CHECK (arm >= 0),
  propensity DOUBLE PRECISION NOT NULL CHECK (propensity > 0 AND propensity <= 1),
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  assigned_at BIGINT NOT NULL,
  PRIMARY KEY (experiment_id, unit)
);

-- One row an event. `total` is the sum of the unit's counted values up to and including this row, so that a unit's last row tells
-- its outcome and an event costs one look-up however many came before it. A sequence can be taken once: of two transactions that
-- reckon with the same last row, the second finds its place taken, and reckons anew.
CREATE TABLE rewards (
  experiment_id BIGINT NOT NULL,
  unit TEXT COLLATE "C" NOT NULL,
  metric INTEGER NOT NULL CHECK (metric >= 0),
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  -- NaN is greater than Infinity here.
  value DOUBLE PRECISION NOT NULL CHECK (value > '-Infinity' AND value < 'Infinity'),
  at BIGINT NOT NULL,
  counted BOOLEAN NOT NULL,
  total DOUBLE PRECISION NOT NULL CHECK (total > '-Infinity' AND total < 'Infinity'),
  event_id TEXT COLLATE "C" CHECK (char_length(event_id) BETWEEN 1 AND 256),
  PRIMARY KEY (experiment_id, unit, metric, sequence)
);

-- An event counts once for a metric, however often it is sent. A table of its own and no index on rewards: the facts of a unit can
-- then be spread over servers by (experiment_id, unit), and the ids of events by (experiment_id, event_id).
CREATE TABLE event_ids (
  experiment_id BIGINT NOT NULL,
  event_id TEXT COLLATE "C" NOT NULL,
  metric INTEGER NOT NULL,
  PRIMARY KEY (experiment_id, event_id, metric)
);

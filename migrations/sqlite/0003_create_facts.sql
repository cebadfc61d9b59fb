-- One row a unit, never changed. No foreign key: the check would cost a look-up a row, and `npm run verify` proves more.
CREATE TABLE assignments (
  experiment_id INTEGER NOT NULL,
  unit TEXT NOT NULL CHECK (length(unit) BETWEEN 1 AND 256),
  arm INTEGER NOT NULL CHECK (arm >= 0),
  propensity REAL NOT NULL CHECK (propensity > 0 AND propensity <= 1),
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  assigned_at INTEGER NOT NULL,
  PRIMARY KEY (experiment_id, unit)
) STRICT, WITHOUT ROWID;

-- One row an event. `total` is the sum of the unit's counted values up to and including this row, so that a unit's last row tells
-- its outcome and an event costs one look-up however many came before it.
CREATE TABLE rewards (
  experiment_id INTEGER NOT NULL,
  unit TEXT NOT NULL,
  metric INTEGER NOT NULL CHECK (metric >= 0),
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  value REAL NOT NULL,
  at INTEGER NOT NULL,
  counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
  total REAL NOT NULL,
  event_id TEXT CHECK (length(event_id) BETWEEN 1 AND 256),
  PRIMARY KEY (experiment_id, unit, metric, sequence)
) STRICT, WITHOUT ROWID;

-- An event counts once for a metric, however often it is sent.
CREATE UNIQUE INDEX rewards_by_event_id ON rewards (experiment_id, metric, event_id) WHERE event_id IS NOT NULL;

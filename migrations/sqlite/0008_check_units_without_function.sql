-- A statement that calls a function may fail on any row, so SQLite copies every page that it is about to change: for a thousand units
-- inserted together, that cost more than the units. How long a name may be, whoever asks has checked.
CREATE TABLE assignments_checked_plainly (
  experiment_id INTEGER NOT NULL,
  unit TEXT NOT NULL CHECK (unit <> ''),
  arm INTEGER NOT NULL CHECK (arm >= 0),
  propensity REAL NOT NULL CHECK (propensity > 0 AND propensity <= 1),
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  assigned_at INTEGER NOT NULL,
  PRIMARY KEY (experiment_id, unit)
) STRICT, WITHOUT ROWID;

INSERT INTO assignments_checked_plainly
SELECT experiment_id, unit, arm, propensity, snapshot, assigned_at FROM assignments;

DROP TABLE assignments;
ALTER TABLE assignments_checked_plainly RENAME TO assignments;

-- Units whose present total lies above or below the metric's range, and the largest |outcome| that was ever seen in each cell. The counts
-- have no CHECK: where a unit comes back into the range, −1 is offered for insertion, and SQLite checks that before it finds the row to
-- which it is added.
ALTER TABLE tallies ADD COLUMN units_above INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN units_below INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN largest REAL NOT NULL DEFAULT 0 CHECK (largest >= 0);

-- Of facts that were archived before, nothing more is known: their units count as not clipped, and as without rewards.
ALTER TABLE archived_tallies ADD COLUMN units_above INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archived_tallies ADD COLUMN units_below INTEGER NOT NULL DEFAULT 0;
ALTER TABLE archived_tallies ADD COLUMN largest REAL NOT NULL DEFAULT 0 CHECK (largest >= 0);

CREATE TABLE metric_ranges (
  experiment_id INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  is_binary INTEGER NOT NULL,
  lowest REAL NOT NULL,
  highest REAL NOT NULL,
  PRIMARY KEY (experiment_id, metric)
) STRICT, WITHOUT ROWID;

INSERT INTO metric_ranges
SELECT experiments.id, metric.key, metric.value ->> '$.type' = 'binary', metric.value ->> '$.range[0]',
  metric.value ->> '$.range[1]'
FROM experiments, json_each(experiments.definition, '$.metrics') AS metric;

-- A unit without rewards has the outcome 0, clipped to the range.
UPDATE tallies SET largest = abs(min(max(0, lowest), highest))
FROM metric_ranges AS known
WHERE known.experiment_id = tallies.experiment_id AND known.metric = tallies.metric AND NOT is_binary;

UPDATE archived_tallies SET largest = abs(min(max(0, lowest), highest))
FROM metric_ranges AS known
WHERE known.experiment_id = archived_tallies.experiment_id AND known.metric = archived_tallies.metric AND NOT is_binary;

-- Every reward has the unit's total as it then was; the latest one has the present total.
UPDATE tallies SET
  units_above = seen.units_above,
  units_below = seen.units_below,
  largest = max(tallies.largest, seen.largest)
FROM (
  SELECT reward.experiment_id, reward.metric, snapshot, arm,
    sum(CASE WHEN NOT is_binary AND total > highest AND total <> 0 THEN NOT EXISTS (
      SELECT 1 FROM rewards AS later
      WHERE later.experiment_id = reward.experiment_id AND later.unit = reward.unit AND later.metric = reward.metric
        AND later.sequence = reward.sequence + 1
    ) ELSE 0 END) AS units_above,
    sum(CASE WHEN NOT is_binary AND total < lowest AND total <> 0 THEN NOT EXISTS (
      SELECT 1 FROM rewards AS later
      WHERE later.experiment_id = reward.experiment_id AND later.unit = reward.unit AND later.metric = reward.metric
        AND later.sequence = reward.sequence + 1
    ) ELSE 0 END) AS units_below,
    max(CASE WHEN is_binary THEN total > 0 ELSE abs(min(max(total, lowest), highest)) END) AS largest
  FROM rewards AS reward
  JOIN metric_ranges AS known ON known.experiment_id = reward.experiment_id AND known.metric = reward.metric
  JOIN assignments AS kept ON kept.experiment_id = reward.experiment_id AND kept.unit = reward.unit
  GROUP BY reward.experiment_id, reward.metric, snapshot, arm
) AS seen
WHERE seen.experiment_id = tallies.experiment_id AND seen.metric = tallies.metric AND seen.snapshot = tallies.snapshot
  AND seen.arm = tallies.arm;

DROP TABLE metric_ranges;

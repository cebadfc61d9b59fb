-- Units whose present total lies above or below the metric's range, and the largest |outcome| that was ever seen in each cell. The counts
-- have no CHECK: where a unit comes back into the range, whichever process hears of it takes it away in its own row, which may so be
-- negative; only the sum over all writers is not.
ALTER TABLE tallies
  ADD COLUMN units_above BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN units_below BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN largest DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (largest >= 0);

-- Of facts that were archived before, nothing more is known: their units count as not clipped, and as without rewards.
ALTER TABLE archived_tallies
  ADD COLUMN units_above BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN units_below BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN largest DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (largest >= 0);

-- Escapes are taken out before the definition is read as JSON: PostgreSQL does not take \u0000, and types and ranges have none.
CREATE TEMPORARY TABLE metric_ranges ON COMMIT DROP AS
SELECT experiments.id AS experiment_id, metric.place - 1 AS metric, metric.value ->> 'type' = 'binary' AS is_binary,
  (metric.value -> 'range' ->> 0)::double precision AS lowest, (metric.value -> 'range' ->> 1)::double precision AS highest
FROM experiments
CROSS JOIN json_array_elements(regexp_replace(definition, '\\(u[0-9A-Fa-f]{4}|.)', '', 'g')::json -> 'metrics')
  WITH ORDINALITY AS metric (value, place);

-- A unit without rewards has the outcome 0, clipped to the range.
UPDATE tallies SET largest = abs(least(greatest(0, lowest), highest))
FROM metric_ranges AS known
WHERE known.experiment_id = tallies.experiment_id AND known.metric = tallies.metric AND NOT is_binary;

UPDATE archived_tallies SET largest = abs(least(greatest(0, lowest), highest))
FROM metric_ranges AS known
WHERE known.experiment_id = archived_tallies.experiment_id AND known.metric = archived_tallies.metric AND NOT is_binary;

-- Every reward has the unit's total as it then was; the latest one has the present total. Which process counted it is not known, so the
-- first writer of each cell gets them all.
UPDATE tallies SET
  units_above = seen.units_above,
  units_below = seen.units_below,
  largest = greatest(tallies.largest, seen.largest)
FROM (
  SELECT reward.experiment_id, reward.metric, snapshot, arm,
    count(*) FILTER (WHERE NOT is_binary AND total > highest AND total <> 0 AND NOT EXISTS (
      SELECT 1 FROM rewards AS later
      WHERE later.experiment_id = reward.experiment_id AND later.unit = reward.unit AND later.metric = reward.metric
        AND later.sequence = reward.sequence + 1
    )) AS units_above,
    count(*) FILTER (WHERE NOT is_binary AND total < lowest AND total <> 0 AND NOT EXISTS (
      SELECT 1 FROM rewards AS later
      WHERE later.experiment_id = reward.experiment_id AND later.unit = reward.unit AND later.metric = reward.metric
        AND later.sequence = reward.sequence + 1
    )) AS units_below,
    max(CASE WHEN is_binary THEN CASE WHEN total > 0 THEN 1 ELSE 0 END ELSE abs(least(greatest(total, lowest), highest)) END)
      AS largest
  FROM rewards AS reward
  JOIN metric_ranges AS known ON known.experiment_id = reward.experiment_id AND known.metric = reward.metric
  JOIN assignments AS kept ON kept.experiment_id = reward.experiment_id AND kept.unit = reward.unit
  GROUP BY reward.experiment_id, reward.metric, snapshot, arm
) AS seen
WHERE seen.experiment_id = tallies.experiment_id AND seen.metric = tallies.metric AND seen.snapshot = tallies.snapshot
  AND seen.arm = tallies.arm AND tallies.writer = (
    SELECT min(other.writer) FROM tallies AS other
    WHERE other.experiment_id = tallies.experiment_id AND other.metric = tallies.metric
      AND other.snapshot = tallies.snapshot AND other.arm = tallies.arm
  );

-- What is kept of experiments with features. The values of a unit's features, as a JSON list; NULL without features.
ALTER TABLE assignments ADD COLUMN context TEXT;

-- What reports weigh the units of a snapshot by: some KB of JSON; NULL without features.
ALTER TABLE snapshots ADD COLUMN weights TEXT;

-- The rule and the predictions that a snapshot froze: JSON of up to 100 KB, written once. As text, which gives back every bit of a double.
CREATE TABLE snapshot_rules (
  experiment_id BIGINT NOT NULL REFERENCES experiments (id),
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  rule TEXT NOT NULL,
  PRIMARY KEY (experiment_id, snapshot)
);

-- Sums over the units of a snapshot, in parts of up to 80 KB: written in the same transaction as the assignments and rewards that they
-- sum. As in the ledger each process writes to rows of its own; anyone who reads sums them.
CREATE TABLE context_sums (
  experiment_id BIGINT NOT NULL,
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  part TEXT COLLATE "C" NOT NULL,
  writer SMALLINT NOT NULL,
  sums BYTEA NOT NULL,
  PRIMARY KEY (experiment_id, snapshot, part, writer)
) WITH (fillfactor = 50);

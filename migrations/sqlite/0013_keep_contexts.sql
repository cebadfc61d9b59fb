-- What is kept of experiments with features. The values of a unit's features, as a JSON list; NULL without features. It has no CHECK:
-- see migration 8.
ALTER TABLE assignments ADD COLUMN context TEXT;

-- What reports weigh the units of a snapshot by: some KB of JSON; NULL without features.
ALTER TABLE snapshots ADD COLUMN weights TEXT;

-- The rule and the predictions that a snapshot froze: JSON of up to 100 KB, written once. They are no column of `snapshots`, whose rows
-- are written anew with every commit that has new units.
CREATE TABLE snapshot_rules (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  rule TEXT NOT NULL,
  PRIMARY KEY (experiment_id, snapshot)
) STRICT;

-- Sums over the units of a snapshot, in parts of up to 80 KB: written in the same transaction as the assignments and rewards that they
-- sum. A row keeps its length, so an update writes only the pages that differ. Both tables have a rowid: without it the rows themselves
-- would be searched, a few to a page. `writer` is 0, except in rows that were copied from PostgreSQL, where several write.
CREATE TABLE context_sums (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  snapshot INTEGER NOT NULL CHECK (snapshot >= 1),
  part TEXT NOT NULL,
  writer INTEGER NOT NULL,
  sums BLOB NOT NULL,
  PRIMARY KEY (experiment_id, snapshot, part, writer)
) STRICT;

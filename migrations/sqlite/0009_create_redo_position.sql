-- How far the redo log beside this file has been carried over: all its entries up to `position` are in the tables, in the same
-- transaction. `log` is the log's own name: '' before there was one.
CREATE TABLE redo_position (
  log TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 0)
) STRICT;

INSERT INTO redo_position VALUES ('', 0);

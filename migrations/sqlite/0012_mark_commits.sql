-- The redo log beside the file is gone. What stands in its place tells a file that is not what it was: `database` names it, and
-- `number` is raised about once a second while it is written. A service notes both beside the file once they are synced, and refuses
-- to start on a file that has another name or a lower number.
DROP TABLE redo_position;

CREATE TABLE marks (
  database TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 0)
) STRICT;

INSERT INTO marks VALUES (lower(hex(randomblob(16))), 0);

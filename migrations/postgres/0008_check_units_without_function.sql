-- For SQLite alone: here a check that calls a function costs no more than another one.
SELECT 1;

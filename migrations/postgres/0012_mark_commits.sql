-- For SQLite alone, whose file may be put in another's place: a server sees to its own.
SELECT 1;

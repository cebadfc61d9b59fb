-- For SQLite alone: PostgreSQL's own log tells which rows changed, not which pages.
SELECT 1;

-- For SQLite alone: here every commit goes to the database itself.
SELECT 1;

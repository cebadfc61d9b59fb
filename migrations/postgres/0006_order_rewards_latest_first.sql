-- Nothing to do here: PostgreSQL reads a key from either end, and finds a unit's latest reward as soon as its first one.
SELECT 1;

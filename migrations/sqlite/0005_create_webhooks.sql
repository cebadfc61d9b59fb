-- Who wants to hear of what. The secret signs every message, so it is kept as it is and not as a digest.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  events TEXT NOT NULL CHECK (json_valid(events)),
  -- NULL: of every experiment.
  experiment_id INTEGER REFERENCES experiments (id),
  secret TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- In a row, of the message that is next in line.
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  next_attempt_at INTEGER NOT NULL DEFAULT 0,
  last_delivered_at INTEGER,
  last_failed_at INTEGER,
  last_error TEXT,
  given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up >= 0),
  CHECK ((last_failed_at IS NULL) = (last_error IS NULL))
) STRICT;

-- What was announced last of each subject of an experiment (an arm's verdict, say), so that a change is announced once.
CREATE TABLE announcements (
  experiment_id INTEGER NOT NULL REFERENCES experiments (id),
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (experiment_id, subject)
) STRICT, WITHOUT ROWID;

-- Messages that wait to be delivered, in the transaction of the announcement they tell of. A delivered one is deleted.
CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  queued_at INTEGER NOT NULL
) STRICT;

CREATE INDEX messages_by_webhook ON messages (webhook_id, sequence);

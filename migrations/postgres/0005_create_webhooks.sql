-- Who wants to hear of what. The secret signs every message, so it is kept as it is and not as a digest.
CREATE TABLE webhooks (
  id TEXT COLLATE "C" PRIMARY KEY,
  url TEXT NOT NULL,
  -- A JSON list.
  events TEXT NOT NULL,
  -- NULL: of every experiment.
  experiment_id BIGINT REFERENCES experiments (id),
  secret TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  -- In a row, of the message that is next in line.
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  next_attempt_at BIGINT NOT NULL DEFAULT 0,
  last_delivered_at BIGINT,
  last_failed_at BIGINT,
  last_error TEXT,
  given_up BIGINT NOT NULL DEFAULT 0 CHECK (given_up >= 0),
  CHECK ((last_failed_at IS NULL) = (last_error IS NULL))
);

-- What was announced last of each subject of an experiment (an arm's verdict, say), so that a change is announced once.
CREATE TABLE announcements (
  experiment_id BIGINT NOT NULL REFERENCES experiments (id),
  subject TEXT COLLATE "C" NOT NULL,
  state TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (experiment_id, subject)
);

-- Messages that wait to be delivered, in the transaction of the announcement they tell of. A delivered one is deleted. Numbers are
-- given before they are committed, so that of two announcements made at once either may come first; those of one subject, and so of
-- what a receiver would act on, follow each other.
CREATE TABLE messages (
  sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  queued_at BIGINT NOT NULL
);

CREATE INDEX messages_by_webhook ON messages (webhook_id, sequence);

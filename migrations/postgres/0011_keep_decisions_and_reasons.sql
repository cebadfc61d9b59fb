-- Whether every active arm had a verdict on the primary metric, at this snapshot or an earlier one: what the policy's exploration may
-- wait for. Of the snapshots so far it was not asked.
ALTER TABLE snapshots ADD COLUMN all_decided BOOLEAN NOT NULL DEFAULT FALSE;

-- Why, where Pinwheel made a change by itself.
ALTER TABLE changes ADD COLUMN reason TEXT;

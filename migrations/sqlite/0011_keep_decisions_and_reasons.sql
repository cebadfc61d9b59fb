-- Whether every active arm had a verdict on the primary metric, at this snapshot or an earlier one: what the policy's exploration may
-- wait for. Of the snapshots so far it was not asked.
ALTER TABLE snapshots ADD COLUMN all_decided INTEGER NOT NULL DEFAULT 0 CHECK (all_decided IN (0, 1));

-- Why, where Pinwheel made a change by itself.
ALTER TABLE changes ADD COLUMN reason TEXT;

-- Reasoning and batch have prices of their own; an event says whether it was priced as batch.

ALTER TABLE models ADD COLUMN reasoning_price BIGINT;
ALTER TABLE models ADD COLUMN batch_percent BIGINT;
ALTER TABLE events ADD COLUMN batch BOOLEAN NOT NULL DEFAULT FALSE;

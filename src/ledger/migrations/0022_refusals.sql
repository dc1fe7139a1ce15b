-- Which code a call was refused with, by which scope, and how many calls an event stands for.

ALTER TABLE events ADD COLUMN refusal_code TEXT;
ALTER TABLE events ADD COLUMN refused_by TEXT;
ALTER TABLE events ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;

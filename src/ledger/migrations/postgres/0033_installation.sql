-- Which installation this is: made with the database, and the same in its backups. The last 16 digits of a
-- random UUID have 62 random bits.
ALTER TABLE policy ADD COLUMN installation TEXT NOT NULL DEFAULT '';
UPDATE policy SET installation = right(replace(gen_random_uuid()::text, '-', ''), 16);

-- Which installation this is: made with the database, and the same in its backups.
ALTER TABLE policy ADD COLUMN installation TEXT NOT NULL DEFAULT '';
UPDATE policy SET installation = lower(hex(randomblob(8)));

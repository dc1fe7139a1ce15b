-- One row, written to find out whether the database takes writes.
CREATE TABLE write_checks (number BIGINT NOT NULL);
INSERT INTO write_checks VALUES (0);

-- A namespace's weight among those of its priority where they share an upstream's own limit.

ALTER TABLE namespaces ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;

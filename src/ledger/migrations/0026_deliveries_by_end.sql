-- So that old deliveries are found, and deleted in steps, without reading the others.
CREATE INDEX deliveries_by_end ON deliveries (finished_at);

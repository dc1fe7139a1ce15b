-- Who made what a provider has stored: responses, conversations, files, batches, caches. Of the
-- provider's ids only digests.
CREATE TABLE stored_objects (
    id TEXT PRIMARY KEY,
    -- Empty if two namespaces were given the same id: then it is nobody's.
    namespace TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    -- The first second of the day on which it was last made or asked for.
    seen_at BIGINT NOT NULL
);
CREATE INDEX stored_objects_by_seen ON stored_objects (seen_at);

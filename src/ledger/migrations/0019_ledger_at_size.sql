-- The ledger at size: what is counted, found and thrown away cheaply.

-- Latencies are reported of namespaces; apart by key and model each call was nearly a row of its own.
CREATE TABLE namespace_latencies (
    granularity BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (granularity, namespace, starts_at, bucket)
);
INSERT INTO namespace_latencies (granularity, namespace, starts_at, bucket, requests)
SELECT granularity, namespace, starts_at, bucket, CAST(SUM(requests) AS BIGINT)
FROM latencies GROUP BY granularity, namespace, starts_at, bucket;
DROP TABLE latencies;
ALTER TABLE namespace_latencies RENAME TO latencies;

-- Between which ids a segment's calls are, so that they are looked for in the partitions of its time
-- alone. Of segments that were recorded before: anywhere.
ALTER TABLE audit_segments ADD COLUMN first_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_segments ADD COLUMN last_id TEXT NOT NULL DEFAULT '~';

-- The most requests and tokens of any one minute of a day: what is kept of minutes that were deleted.
CREATE TABLE peaks (
    key_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    PRIMARY KEY (key_id, starts_at)
);

-- Until when, in whole seconds, what is kept for a while was deleted.
CREATE TABLE horizons (
    name TEXT PRIMARY KEY,
    dropped_until BIGINT NOT NULL
);

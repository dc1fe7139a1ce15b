-- A month's spend is the sum of its days, so that booking writes one row of a scope and not two.
DELETE FROM spend WHERE period = 'monthly';

-- A histogram is one row: `counts` is a JSON map of buckets to numbers of calls.
CREATE TABLE histograms (
    granularity BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    counts TEXT NOT NULL,
    PRIMARY KEY (granularity, namespace, starts_at)
) WITHOUT ROWID;
INSERT INTO histograms (granularity, namespace, starts_at, counts)
SELECT granularity, namespace, starts_at, json_group_object(CAST(bucket AS TEXT), requests)
FROM latencies GROUP BY granularity, namespace, starts_at;
DROP TABLE latencies;
ALTER TABLE histograms RENAME TO latencies;

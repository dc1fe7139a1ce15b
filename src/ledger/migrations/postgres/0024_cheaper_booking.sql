-- A month's spend is the sum of its days, so that booking writes one row of a scope and not two.
DELETE FROM spend WHERE period = 'monthly';

-- A histogram is one row: `counts` is a JSON map of buckets to numbers of calls.
CREATE TABLE histograms (
    granularity BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    counts TEXT NOT NULL,
    PRIMARY KEY (granularity, namespace, starts_at)
) WITH (fillfactor = 70);
INSERT INTO histograms (granularity, namespace, starts_at, counts)
SELECT granularity, namespace, starts_at, json_object_agg(bucket, requests ORDER BY bucket)::TEXT
FROM latencies GROUP BY granularity, namespace, starts_at;
DROP TABLE latencies;
ALTER TABLE histograms RENAME TO latencies;
ALTER TABLE latencies RENAME CONSTRAINT histograms_pkey TO latencies_pkey;

-- Texts are compared byte by byte, as SQLite does, whatever the database's locale: lists have one order
-- everywhere, and an index costs a fraction. Tables are not rewritten, indexes are.
DO $$
DECLARE
    changed RECORD;
BEGIN
    FOR changed IN
        SELECT format('ALTER TABLE %I %s', c.relname, string_agg(
            format('ALTER COLUMN %I TYPE TEXT COLLATE "C"', a.attname), ', ')) AS statement
        FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_collation AS l ON l.oid = a.attcollation AND l.collname = 'default'
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition AND c.relname <> '_sqlx_migrations'
            AND a.atttypid = 'TEXT'::regtype
        GROUP BY c.relname ORDER BY c.relname
    LOOP
        EXECUTE changed.statement;
    END LOOP;
END $$;

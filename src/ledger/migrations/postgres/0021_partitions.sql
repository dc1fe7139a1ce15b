-- PostgreSQL alone: the ledger's events in partitions, one a UTC day, so that a day is dropped at once.
-- The service makes the days' partitions. Ids are UUIDs of version 7, so their order, byte by byte, is
-- that of time; they are compared so in every locale.

ALTER TABLE events RENAME TO events_before;
ALTER INDEX events_pkey RENAME TO events_before_pkey;
ALTER INDEX events_by_audit_batch RENAME TO events_before_by_audit_batch;
ALTER TABLE events_before ALTER COLUMN id TYPE TEXT COLLATE "C";
CREATE TABLE events (LIKE events_before INCLUDING DEFAULTS) PARTITION BY RANGE (id);
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX events_by_audit_batch ON events (audit_batch, namespace);
-- What belongs to no day that has a partition.
CREATE TABLE events_other PARTITION OF events DEFAULT;

-- What is there already becomes the partition of all days up to tomorrow: nothing is copied.
DO $$
DECLARE
    midnight BIGINT := EXTRACT(EPOCH FROM date_trunc('day', now() AT TIME ZONE 'UTC'))::BIGINT;
    millis TEXT := lpad(to_hex((midnight + 2 * 86400) * 1000), 12, '0');
    bound TEXT := left(millis, 8) || '-' || substr(millis, 9);
BEGIN
    IF NOT EXISTS (SELECT 1 FROM events_before) THEN
        DROP TABLE events_before;
        RETURN;
    END IF;
    WITH moved AS (DELETE FROM events_before WHERE id >= bound RETURNING *)
    INSERT INTO events SELECT * FROM moved;
    EXECUTE format(
        'ALTER TABLE events ATTACH PARTITION events_before FOR VALUES FROM (MINVALUE) TO (%L)',
        bound
    );
END $$;

-- Sums are changed in place, which needs room on their pages.
ALTER TABLE rollups SET (fillfactor = 70);
ALTER TABLE latencies SET (fillfactor = 70);
ALTER TABLE user_rollups SET (fillfactor = 70);
ALTER TABLE spend SET (fillfactor = 70);
ALTER TABLE leases SET (fillfactor = 70);

-- Sums in the order of time: those of an interval are in one place, so a report reads places one after
-- the other and needs no further index, and what is booked falls side by side. Texts are compared by
-- their bytes, which is far cheaper than by a locale and the same as on SQLite. The organization is in
-- the key because a namespace may change it.

CREATE TABLE rollups_by_time (
    granularity BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    namespace TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    PRIMARY KEY (granularity, starts_at, namespace, key_id, model, organization)
) WITH (fillfactor = 70);
INSERT INTO rollups_by_time SELECT granularity, starts_at, namespace, key_id, model, organization,
    requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, cost, latency_ms
FROM rollups ORDER BY granularity, starts_at, namespace, key_id, model;
DROP TABLE rollups;
ALTER TABLE rollups_by_time RENAME TO rollups;
ALTER INDEX rollups_by_time_pkey RENAME TO rollups_pkey;
CREATE INDEX rollups_by_organization ON rollups (organization, granularity, starts_at)
    WHERE granularity >= 86400;

CREATE TABLE user_rollups_by_time (
    granularity BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    namespace TEXT COLLATE "C" NOT NULL,
    end_user TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (granularity, starts_at, namespace, end_user, model, organization)
) WITH (fillfactor = 70);
INSERT INTO user_rollups_by_time SELECT 86400, starts_at, namespace, end_user, model, organization,
    requests, tokens, cost
FROM user_rollups ORDER BY starts_at, namespace, end_user, model;
DROP TABLE user_rollups;
ALTER TABLE user_rollups_by_time RENAME TO user_rollups;
ALTER INDEX user_rollups_by_time_pkey RENAME TO user_rollups_pkey;
CREATE INDEX user_rollups_by_organization ON user_rollups (organization, granularity, starts_at)
    WHERE granularity >= 86400;

-- Until when, in whole seconds, days are summed up to blocks: one row.
CREATE TABLE blocks (sealed_until BIGINT NOT NULL);
INSERT INTO blocks VALUES (0);

-- Sums in the order of time, as in the migration of this number for PostgreSQL.

CREATE TABLE rollups_by_time (
    granularity BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    key_id TEXT NOT NULL,
    model TEXT NOT NULL,
    organization TEXT NOT NULL,
    requests BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    PRIMARY KEY (granularity, starts_at, namespace, key_id, model, organization)
) WITHOUT ROWID;
INSERT INTO rollups_by_time SELECT granularity, starts_at, namespace, key_id, model, organization,
    requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, cost, latency_ms
FROM rollups ORDER BY granularity, starts_at, namespace, key_id, model;
DROP TABLE rollups;
ALTER TABLE rollups_by_time RENAME TO rollups;
CREATE INDEX rollups_by_organization ON rollups (organization, granularity, starts_at)
    WHERE granularity >= 86400;

CREATE TABLE user_rollups_by_time (
    granularity BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    end_user TEXT NOT NULL,
    model TEXT NOT NULL,
    organization TEXT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (granularity, starts_at, namespace, end_user, model, organization)
) WITHOUT ROWID;
INSERT INTO user_rollups_by_time SELECT 86400, starts_at, namespace, end_user, model, organization,
    requests, tokens, cost
FROM user_rollups ORDER BY starts_at, namespace, end_user, model;
DROP TABLE user_rollups;
ALTER TABLE user_rollups_by_time RENAME TO user_rollups;
-- Those of all its rows; said so that SQLite takes it for nothing but an organization's.
CREATE INDEX user_rollups_by_organization ON user_rollups (organization, granularity, starts_at)
    WHERE granularity >= 86400;

-- Until when, in whole seconds, days are summed up to blocks: one row.
CREATE TABLE blocks (sealed_until BIGINT NOT NULL);
INSERT INTO blocks VALUES (0);

-- SQLite alone: tables that are read by their key in the order of their key, so that a report reads one
-- place of the file, and the key is stored once.

CREATE TABLE rollups_in_order (
    granularity BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    model TEXT NOT NULL,
    namespace TEXT NOT NULL,
    organization TEXT NOT NULL,
    requests BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    PRIMARY KEY (granularity, key_id, starts_at, model, namespace)
) WITHOUT ROWID;
INSERT INTO rollups_in_order SELECT granularity, key_id, starts_at, model, namespace, organization,
    requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, cost, latency_ms
FROM rollups ORDER BY granularity, key_id, starts_at, model, namespace;
DROP TABLE rollups;
ALTER TABLE rollups_in_order RENAME TO rollups;
CREATE INDEX rollups_by_namespace ON rollups (granularity, namespace, starts_at);
CREATE INDEX rollups_by_organization ON rollups (organization, starts_at)
    WHERE granularity = 86400;
CREATE INDEX rollups_by_day ON rollups (starts_at) WHERE granularity = 86400;

CREATE TABLE latencies_in_order (
    granularity BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (granularity, namespace, starts_at, bucket)
) WITHOUT ROWID;
INSERT INTO latencies_in_order SELECT granularity, namespace, starts_at, bucket, requests
FROM latencies ORDER BY granularity, namespace, starts_at, bucket;
DROP TABLE latencies;
ALTER TABLE latencies_in_order RENAME TO latencies;

CREATE TABLE user_rollups_in_order (
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    end_user TEXT NOT NULL,
    model TEXT NOT NULL,
    organization TEXT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (namespace, starts_at, end_user, model)
) WITHOUT ROWID;
INSERT INTO user_rollups_in_order SELECT namespace, starts_at, end_user, model, organization,
    requests, tokens, cost
FROM user_rollups ORDER BY namespace, starts_at, end_user, model;
DROP TABLE user_rollups;
ALTER TABLE user_rollups_in_order RENAME TO user_rollups;
CREATE INDEX user_rollups_by_organization ON user_rollups (organization, starts_at);
CREATE INDEX user_rollups_by_day ON user_rollups (starts_at);

CREATE TABLE spend_in_order (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (scope, period, starts_at)
) WITHOUT ROWID;
INSERT INTO spend_in_order SELECT scope, period, starts_at, amount
FROM spend ORDER BY scope, period, starts_at;
DROP TABLE spend;
ALTER TABLE spend_in_order RENAME TO spend;
CREATE INDEX spend_by_day ON spend (starts_at) WHERE period = 'daily';

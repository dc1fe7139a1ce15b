-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BOOLEAN only.
-- Money is nano-dollars. Moments are nanoseconds since 1970 (UTC), except `starts_at` of spend and
-- rollups, which is whole seconds. Lists and maps are JSON texts.

CREATE TABLE policy (
    id BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL,
    catalog_revision BIGINT NOT NULL
);
INSERT INTO policy (id, revision, catalog_revision) VALUES (1, 0, 0);

CREATE TABLE organizations (
    name TEXT PRIMARY KEY,
    requests_per_minute BIGINT,
    tokens_per_minute BIGINT,
    max_concurrency BIGINT,
    monthly_quota BIGINT,
    daily_quota BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE namespaces (
    name TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (name),
    allowed_models TEXT,
    requests_per_minute BIGINT,
    burst BIGINT,
    tokens_per_minute BIGINT,
    max_concurrency BIGINT,
    monthly_quota BIGINT,
    daily_quota BIGINT,
    priority TEXT NOT NULL,
    unknown_price TEXT NOT NULL,
    failure_mode TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    tags TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX namespaces_by_revision ON namespaces (revision);

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    namespace TEXT NOT NULL REFERENCES namespaces (name),
    role TEXT NOT NULL,
    scopes TEXT,
    allowed_models TEXT,
    requests_per_minute BIGINT,
    burst BIGINT,
    tokens_per_minute BIGINT,
    max_concurrency BIGINT,
    monthly_quota BIGINT,
    daily_quota BIGINT,
    enabled BOOLEAN NOT NULL,
    environment TEXT,
    tags TEXT,
    content_policy_mode TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (namespace, name)
);
CREATE INDEX keys_by_revision ON keys (revision);

-- The secrets of a key: one primary and, after a rotation, one secondary.
CREATE TABLE key_secrets (
    digest TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    preview TEXT NOT NULL,
    is_primary BOOLEAN NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX key_secrets_by_key ON key_secrets (key_id);

-- What was deleted, so that gateways can be told: kind is 'secret' (name is a digest) or
-- 'namespace'.
CREATE TABLE tombstones (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX tombstones_by_revision ON tombstones (revision);

CREATE TABLE models (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    upstream TEXT NOT NULL,
    input_price BIGINT,
    cached_input_price BIGINT,
    cache_write_5m_price BIGINT,
    cache_write_1h_price BIGINT,
    output_price BIGINT,
    max_output_tokens BIGINT NOT NULL
);

CREATE TABLE aliases (
    alias TEXT PRIMARY KEY,
    model TEXT NOT NULL
);

-- One row a scope that was ever lent to or spent in: what serializes the lending of it.
CREATE TABLE scopes (
    name TEXT PRIMARY KEY,
    scarce_until BIGINT NOT NULL
);

CREATE TABLE spend (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (scope, period, starts_at)
);

CREATE TABLE leases (
    id BIGINT PRIMARY KEY,
    scope TEXT NOT NULL,
    gateway TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    lent BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    period_ends_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX leases_open_by_scope ON leases (scope) WHERE closed_at IS NULL;

-- The ledger. Ids are UUIDs of version 7, so their order is that of time.
CREATE TABLE events (
    id TEXT PRIMARY KEY,
    gateway TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    organization TEXT NOT NULL,
    end_user TEXT,
    model TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    stream BOOLEAN NOT NULL,
    status BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    estimated BOOLEAN NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    cache_write_5m_tokens BIGINT NOT NULL,
    cache_write_1h_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    leases TEXT NOT NULL,
    request_id TEXT NOT NULL,
    client_address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);

-- Events that could not be read, word for word: for a person to look at.
CREATE TABLE rejected_events (
    id TEXT PRIMARY KEY,
    gateway TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    error TEXT NOT NULL,
    body TEXT NOT NULL
);

-- `granularity` is the interval in seconds: 60, 3600 or 86400.
CREATE TABLE rollups (
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
);
CREATE INDEX rollups_by_namespace ON rollups (granularity, namespace, starts_at);

-- How many requests took how long: `bucket` counts up in steps of a fifth.
CREATE TABLE latencies (
    granularity BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    model TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (granularity, namespace, starts_at, key_id, model, bucket)
);

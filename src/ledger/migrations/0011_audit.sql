-- The audit: one chain of hashes an organization. The chain of '*' is the installation's own.
-- A link is a segment: one change, or the calls of one namespace and one hour in one batch.

-- `anchor_sequence` and `anchor_hash` are of the newest segment that was dropped by retention.
CREATE TABLE audit_chains (
    organization TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL,
    anchor_sequence BIGINT NOT NULL,
    anchor_hash TEXT NOT NULL
);

-- `kind` is 'calls' or 'changes'; `namespace` is empty where there is none; `hour` is the first
-- second of the UTC hour that all entries lie in; `batch` is 0 of changes.
CREATE TABLE audit_segments (
    organization TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    hour BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    digest TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (organization, sequence)
);
CREATE INDEX audit_segments_by_hour ON audit_segments (hour, organization, sequence);
CREATE INDEX audit_segments_by_organization ON audit_segments (organization, hour, sequence);
CREATE INDEX audit_segments_by_namespace
    ON audit_segments (namespace, hour, organization, sequence);
CREATE UNIQUE INDEX audit_segments_by_batch
    ON audit_segments (batch, namespace, hour, organization) WHERE batch > 0;

-- What somebody changed: the one entry of its segment. `before` and `after` are JSON.
CREATE TABLE audit_changes (
    organization TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    client_address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (organization, sequence)
);

-- Calls are the ledger's events: those of one batch have its number.
ALTER TABLE events ADD COLUMN audit_batch BIGINT NOT NULL DEFAULT 0;
CREATE INDEX events_by_audit_batch ON events (audit_batch, namespace);

-- What reports call keys that are no more.
CREATE TABLE retired_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    namespace TEXT NOT NULL,
    tags TEXT,
    retired_at BIGINT NOT NULL
);

-- What an organization sets for some of its calls: caps for models, namespaces or labels (lists in JSON). Only the
-- operator changes those that `by_operator` says are the operator's.
CREATE TABLE budgets (
    organization TEXT NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    models TEXT,
    namespaces TEXT,
    tags TEXT,
    requests_per_minute BIGINT,
    burst BIGINT,
    tokens_per_minute BIGINT,
    bytes_per_minute BIGINT,
    max_concurrency BIGINT,
    monthly_quota BIGINT,
    daily_quota BIGINT,
    quotas TEXT,
    soft_limits TEXT,
    by_operator BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (organization, name)
);
CREATE INDEX budgets_with_sums ON budgets (organization) WHERE quotas IS NOT NULL;

-- The budgets that covered the call which a correction corrects (JSON).
ALTER TABLE corrections ADD COLUMN budgets TEXT;

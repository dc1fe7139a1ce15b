-- Quotas of namespaces that were changed for a while. `namespaces` holds what is in force; what was
-- before, and comes back at `expires_at`, is here.

CREATE TABLE quota_overrides (
    namespace TEXT PRIMARY KEY REFERENCES namespaces (name) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    overrides_monthly BOOLEAN NOT NULL,
    monthly_before BIGINT,
    overrides_daily BOOLEAN NOT NULL,
    daily_before BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX quota_overrides_by_expiry ON quota_overrides (expires_at);

-- What keeps tables from growing for ever.

-- Deletions up to this revision are forgotten: whoever is further behind starts anew.
ALTER TABLE policy ADD COLUMN forgotten_revision BIGINT NOT NULL DEFAULT 0;

-- Whole seconds: entries of hours before it may have been dropped by retention.
ALTER TABLE audit_chains ADD COLUMN dropped_until BIGINT NOT NULL DEFAULT 0;

CREATE INDEX leases_closed ON leases (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX leases_open_by_expiry ON leases (expires_at) WHERE closed_at IS NULL;

-- One day at a time: verification compares what is booked with the events.
CREATE INDEX rollups_by_day ON rollups (starts_at) WHERE granularity = 86400;
CREATE INDEX spend_by_day ON spend (starts_at) WHERE period = 'daily';
CREATE INDEX user_rollups_by_day ON user_rollups (starts_at);

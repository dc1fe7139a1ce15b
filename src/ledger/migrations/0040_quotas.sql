-- Caps of further periods (JSON, nano-dollars by period), and the calendar that days and months are of:
-- an IANA time zone, and since when.
ALTER TABLE organizations ADD COLUMN quotas TEXT;
ALTER TABLE organizations ADD COLUMN time_zone TEXT;
ALTER TABLE organizations ADD COLUMN calendar_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE namespaces ADD COLUMN quotas TEXT;
ALTER TABLE namespaces ADD COLUMN time_zone TEXT;
ALTER TABLE namespaces ADD COLUMN calendar_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN quotas TEXT;

-- Whose spending is summed up by more than UTC days.
CREATE INDEX organizations_with_sums ON organizations (name) WHERE time_zone IS NOT NULL OR quotas IS NOT NULL;
CREATE INDEX namespaces_with_sums ON namespaces (name) WHERE time_zone IS NOT NULL OR quotas IS NOT NULL;
CREATE INDEX keys_with_sums ON keys (id) WHERE quotas IS NOT NULL;

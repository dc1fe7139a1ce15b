-- Organizations are managed, and gateways are told of their limits.

ALTER TABLE organizations ADD COLUMN burst BIGINT;
ALTER TABLE organizations ADD COLUMN tags TEXT;
ALTER TABLE organizations ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
UPDATE organizations SET updated_at = created_at;
CREATE INDEX organizations_by_revision ON organizations (revision);
CREATE INDEX namespaces_by_organization ON namespaces (organization);

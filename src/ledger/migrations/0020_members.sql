-- Who belongs to a namespace, and what an organization narrows roles to.

-- Rows stay after `removed_at`, because the audit tells whose key did something.
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    namespace TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX members_by_user ON members (namespace, user_id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX members_by_email ON members (namespace, lower(email)) WHERE removed_at IS NULL;
CREATE INDEX members_of_user ON members (user_id) WHERE removed_at IS NULL;

-- `rights` is JSON. What a role may do anyway is TRUE, or absent.
CREATE TABLE role_overrides (
    organization TEXT NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
    role TEXT NOT NULL,
    rights TEXT NOT NULL,
    monthly_quota BIGINT,
    can_manage_users BOOLEAN NOT NULL,
    can_view_analytics BOOLEAN NOT NULL,
    can_create_api_keys BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (organization, role)
);

-- A key may belong to a member: `user_id` is the member's, which never changes.
ALTER TABLE keys ADD COLUMN member_id TEXT;
ALTER TABLE keys ADD COLUMN user_id TEXT;
CREATE INDEX keys_by_member ON keys (member_id) WHERE member_id IS NOT NULL;
ALTER TABLE retired_keys ADD COLUMN member_id TEXT;

-- The e-mail of the member whose key changed something, as it was then.
ALTER TABLE audit_changes ADD COLUMN actor_email TEXT;

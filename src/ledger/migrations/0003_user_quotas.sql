-- What each end user of a namespace may spend. Users themselves are not declared.

ALTER TABLE namespaces ADD COLUMN user_monthly_quota BIGINT;

-- `scope` is the user's name as a scope, `user:NAMESPACE/USER`.
CREATE TABLE user_quotas (
    namespace TEXT NOT NULL REFERENCES namespaces (name) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    monthly_quota BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (namespace, user_id)
);
CREATE INDEX user_quotas_by_scope ON user_quotas (scope);

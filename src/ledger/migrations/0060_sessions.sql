-- Who is logged in to the console. `id` is the SHA-256 of what the browser has; `key_digest` is that of the
-- secret they logged in with; `owner` is the key's id, or 'operator' and the name of the operator's key.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    key_digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    client_address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_by_owner ON sessions (owner, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- What is told to whom, and what became of it.

-- `secret` signs, so it is kept as it is. It is answered once, where it was made here.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    namespace TEXT NOT NULL REFERENCES namespaces (name) ON DELETE CASCADE,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    threshold_percent BIGINT,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_by_namespace ON webhooks (namespace);

-- The outbox, and afterwards the log. `owner` is the webhook (or alert) it was made for; `occasion`
-- is the event, its threshold and its period, so that each is told once. `channel` is 'webhook',
-- 'slack' or 'email'. While `status` is 'pending' it is due at `due_at`; whoever tries it first
-- moves that into the future. `status` ends as 'delivered' or 'failed'.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    occasion TEXT NOT NULL,
    namespace TEXT NOT NULL REFERENCES namespaces (name) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    event TEXT NOT NULL,
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    response_status BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    UNIQUE (owner, occasion)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE INDEX deliveries_by_owner ON deliveries (owner, created_at);
CREATE INDEX deliveries_by_namespace ON deliveries (namespace);

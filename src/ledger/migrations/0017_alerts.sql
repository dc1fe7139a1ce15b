-- What is watched of a namespace's spending, and what follows from it.

-- A threshold is in thousandths: of a percent of the budget, or of a standard deviation. `span` is
-- '1d', '7d' or '30d'. `keys` and `notify_emails` are JSON.
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    namespace TEXT NOT NULL REFERENCES namespaces (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    threshold_pct BIGINT,
    threshold_stddev BIGINT,
    span TEXT NOT NULL,
    action TEXT NOT NULL,
    webhook_url TEXT,
    secret TEXT NOT NULL,
    message_template TEXT,
    keys TEXT NOT NULL,
    notify_emails TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (namespace, name)
);

-- Each alert once a period, whose first second is `starts_at`.
CREATE TABLE alert_firings (
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    starts_at BIGINT NOT NULL,
    fired_at BIGINT NOT NULL,
    PRIMARY KEY (alert_id, starts_at)
);

-- What one replica does for all, and when next.
CREATE TABLE tasks (
    name TEXT PRIMARY KEY,
    due_at BIGINT NOT NULL
);
INSERT INTO tasks (name, due_at) VALUES ('alerts', 0);

-- Until then a namespace is throttled whatever it has spent.
ALTER TABLE namespaces ADD COLUMN throttled_until BIGINT;

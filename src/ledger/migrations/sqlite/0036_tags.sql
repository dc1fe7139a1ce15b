-- Tags as they were when a call was made. `kind` is 'key' (name is its id) or 'namespace'; `tags` is JSON, NULL
-- where there are none any more. Each row holds from `since` until the next one's; what never had tags has none.
CREATE TABLE tag_history (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    since BIGINT NOT NULL,
    tags TEXT,
    PRIMARY KEY (kind, name, since)
);
INSERT INTO tag_history SELECT 'key', id, 0, tags FROM keys WHERE tags IS NOT NULL;
INSERT INTO tag_history SELECT 'key', id, 0, tags FROM retired_keys WHERE tags IS NOT NULL
    ON CONFLICT DO NOTHING;
INSERT INTO tag_history SELECT 'namespace', name, 0, tags FROM namespaces WHERE tags IS NOT NULL;

-- What a key and its namespace had at a time. The id is a hash of both, except of calls that were booked
-- before there were any: then it begins with 'before:', and the tags are those of the migration.
CREATE TABLE tag_sets (
    id TEXT PRIMARY KEY,
    key_tags TEXT,
    namespace_tags TEXT
);

-- Usage by tags, by day and blocks of days; what has none is in no row.
CREATE TABLE tag_rollups (
    granularity BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    tag_set TEXT NOT NULL,
    model TEXT NOT NULL,
    organization TEXT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (granularity, starts_at, namespace, tag_set, model, organization)
) WITHOUT ROWID;
CREATE INDEX tag_rollups_by_organization ON tag_rollups (organization, granularity, starts_at)
    WHERE granularity >= 86400;

CREATE TEMPORARY TABLE tagged AS
SELECT used.key_id, used.namespace, 'before:' || used.key_id || ':' || used.namespace AS id,
    k.tags AS key_tags, n.tags AS namespace_tags
FROM (SELECT DISTINCT key_id, namespace FROM rollups WHERE granularity = 86400) AS used
    LEFT JOIN tag_history AS k ON k.kind = 'key' AND k.name = used.key_id
    LEFT JOIN tag_history AS n ON n.kind = 'namespace' AND n.name = used.namespace
WHERE k.tags IS NOT NULL OR n.tags IS NOT NULL;
INSERT INTO tag_sets SELECT id, key_tags, namespace_tags FROM tagged;
INSERT INTO tag_rollups SELECT r.granularity, r.starts_at, r.namespace, t.id, r.model, r.organization,
    SUM(r.requests),
    SUM(r.input_tokens + r.cached_input_tokens + r.cache_write_tokens + r.output_tokens), SUM(r.cost)
FROM rollups AS r JOIN tagged AS t ON t.key_id = r.key_id AND t.namespace = r.namespace
WHERE r.granularity >= 86400
GROUP BY r.granularity, r.starts_at, r.namespace, t.id, r.model, r.organization;
DROP TABLE tagged;
ALTER TABLE retired_keys DROP COLUMN tags;

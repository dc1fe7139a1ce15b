-- Whose a namespace's name is: for good, also when the namespace was deleted, so that nobody else gets
-- what was used and spent under it. Names of before are of whom they were last used by.
CREATE TABLE namespace_names (
    name TEXT COLLATE "C" PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL
);
INSERT INTO namespace_names SELECT name, organization FROM namespaces;
INSERT INTO namespace_names SELECT rollups.namespace, MAX(rollups.organization) FROM rollups
    JOIN (SELECT namespace, MAX(starts_at) AS starts_at FROM rollups
        WHERE granularity >= 86400 GROUP BY namespace) AS last
        ON rollups.namespace = last.namespace AND rollups.starts_at = last.starts_at
    WHERE rollups.granularity >= 86400 GROUP BY rollups.namespace
    ON CONFLICT (name) DO NOTHING;

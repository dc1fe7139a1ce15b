-- Money of a namespace set aside under a name that requests give.

-- `scope` is `reservation:NAMESPACE/ID`; where an id is reserved anew after its end, a blank and the
-- number of its life follow. `ended_at` is set by a release, or by whoever first finds that it has
-- expired; `settled_at` when after that no gateway holds anything of it any more.
CREATE TABLE reservations (
    scope TEXT PRIMARY KEY,
    namespace TEXT NOT NULL REFERENCES namespaces (name) ON DELETE CASCADE,
    id TEXT NOT NULL,
    life BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    settled_at BIGINT,
    UNIQUE (namespace, id, life)
);
CREATE INDEX reservations_unsettled ON reservations (namespace) WHERE settled_at IS NULL;

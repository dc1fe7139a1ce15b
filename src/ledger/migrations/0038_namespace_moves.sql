-- Organizations that a namespace was moved out of, each with the last time: what started before is theirs, and
-- gateways that are for some organizations alone have to forget it. `revision` is of the policy.
CREATE TABLE namespace_moves (
    namespace TEXT NOT NULL,
    organization TEXT NOT NULL,
    moved_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (namespace, organization)
);
CREATE INDEX namespace_moves_by_revision ON namespace_moves (revision);

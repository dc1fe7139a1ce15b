-- Usage of end users, by day. `end_user` is the user's name as it is in a scope; empty of calls
-- that name nobody, and '*' of users beyond the most that are kept apart in a namespace and a day.
CREATE TABLE user_rollups (
    namespace TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    end_user TEXT NOT NULL,
    model TEXT NOT NULL,
    organization TEXT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (namespace, starts_at, end_user, model)
);
CREATE INDEX user_rollups_by_organization ON user_rollups (organization, starts_at);

-- Reports of an organization are made of days.
CREATE INDEX rollups_by_organization ON rollups (organization, starts_at)
    WHERE granularity = 86400;

-- What was booked when, for the stream of usage.
CREATE INDEX audit_segments_by_time ON audit_segments (recorded_at) WHERE batch > 0;

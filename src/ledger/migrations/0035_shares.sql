-- Since when each gateway was last heard of without a break, and until when its shares are in force.
CREATE TABLE gateway_terms (
    gateway TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);
-- Who has which part of a scope's rates and slots, as JSON.
CREATE TABLE scope_shares (
    scope TEXT NOT NULL PRIMARY KEY,
    division TEXT NOT NULL,
    touched_at BIGINT NOT NULL
);
CREATE INDEX scope_shares_by_touch ON scope_shares (touched_at, scope);
-- Which gateways have yet to confirm a change of their share.
CREATE TABLE share_changes (
    gateway TEXT NOT NULL,
    scope TEXT NOT NULL,
    PRIMARY KEY (gateway, scope)
);

-- Prepaid balances: what was paid in, and what of it is spent.

ALTER TABLE namespaces ADD COLUMN prepaid BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE organizations ADD COLUMN prepaid BOOLEAN NOT NULL DEFAULT FALSE;

-- An account is a scope's (`namespace:NAME` or `organization:NAME`) from `opened_at` until its
-- namespace or organization is deleted; whoever is made under that name again gets another account.
-- `credited` is the sum of its `entries` many entries, `booked` the sum of its spend, which is kept in
-- `spend` too: by day, with the period 'balance' and the account's id as the scope.
CREATE TABLE credit_accounts (
    id TEXT PRIMARY KEY,
    scope TEXT NOT NULL,
    organization TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    entries BIGINT NOT NULL,
    credited BIGINT NOT NULL,
    booked BIGINT NOT NULL
);
CREATE UNIQUE INDEX credit_accounts_open ON credit_accounts (scope) WHERE closed_at IS NULL;
CREATE INDEX credit_accounts_by_scope ON credit_accounts (scope);

-- Never changed and never deleted. `original_amount` is billionths of the `currency`, `rate` is
-- nano-dollars of a whole unit of it. `number` counts from 1 in each account.
CREATE TABLE credit_entries (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES credit_accounts (id),
    number BIGINT NOT NULL,
    scope TEXT NOT NULL,
    organization TEXT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    original_amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    rate BIGINT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organization, reference),
    UNIQUE (account, number)
);
CREATE INDEX credit_entries_by_author ON credit_entries (account, author, created_at);

-- What is paid in by itself where a namespace's balance is low.
CREATE TABLE auto_refills (
    namespace TEXT PRIMARY KEY REFERENCES namespaces (name) ON DELETE CASCADE,
    below BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    at_most_per_month BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

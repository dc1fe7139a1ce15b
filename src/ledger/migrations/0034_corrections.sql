-- Corrections of the operator's: money that is booked without a call. The entry of the ledger has the same
-- `id`, in `events`. Never changed and never deleted. `applies_at` is when what it corrects started: the day
-- and the balance that it moves are those of that moment. `corrects` is the id of a call.
CREATE TABLE corrections (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    organization TEXT NOT NULL,
    namespace TEXT NOT NULL,
    key_id TEXT,
    model TEXT,
    end_user TEXT,
    corrects TEXT,
    applies_at BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX corrections_by_call ON corrections (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX corrections_by_day ON corrections (applies_at);

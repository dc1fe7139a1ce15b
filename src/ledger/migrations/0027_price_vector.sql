-- A model's price is one document, and has versions; an event says more about how it was priced.

-- `price` is JSON. In force is the newest version whose moment has come; zero is the beginning.
CREATE TABLE prices (
    model TEXT NOT NULL REFERENCES models (name),
    effective_from BIGINT NOT NULL,
    price TEXT NOT NULL,
    PRIMARY KEY (model, effective_from)
);
INSERT INTO prices (model, effective_from, price)
SELECT name, 0, '{"input":' || CAST(input_price AS TEXT)
    || COALESCE(',"cached_input":' || CAST(cached_input_price AS TEXT), '')
    || COALESCE(',"cache_write_5m":' || CAST(cache_write_5m_price AS TEXT), '')
    || COALESCE(',"cache_write_1h":' || CAST(cache_write_1h_price AS TEXT), '')
    || ',"output":' || CAST(output_price AS TEXT)
    || COALESCE(',"reasoning":' || CAST(reasoning_price AS TEXT), '')
    || COALESCE(',"batch_percent":' || CAST(batch_percent AS TEXT), '') || '}'
FROM models WHERE input_price IS NOT NULL AND output_price IS NOT NULL;

ALTER TABLE models DROP COLUMN input_price;
ALTER TABLE models DROP COLUMN cached_input_price;
ALTER TABLE models DROP COLUMN cache_write_5m_price;
ALTER TABLE models DROP COLUMN cache_write_1h_price;
ALTER TABLE models DROP COLUMN output_price;
ALTER TABLE models DROP COLUMN reasoning_price;
ALTER TABLE models DROP COLUMN batch_percent;
-- The version that was in force when the model was last changed.
ALTER TABLE models ADD COLUMN price_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN context_window BIGINT;
ALTER TABLE models ADD COLUMN media_tokens TEXT;

-- 4096 stood for an unknown most, which is NULL from now on.
ALTER TABLE models ADD COLUMN known_output_tokens BIGINT;
UPDATE models SET known_output_tokens = NULLIF(max_output_tokens, 4096);
ALTER TABLE models DROP COLUMN max_output_tokens;
ALTER TABLE models RENAME COLUMN known_output_tokens TO max_output_tokens;

-- What most events do not have: tier, tools, media, the version of the price. JSON.
ALTER TABLE events ADD COLUMN details TEXT;

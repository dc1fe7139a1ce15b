-- What a model's upstream calls it, and where it serves each wire format (JSON); absent where
-- that is as clients have it.

ALTER TABLE models ADD COLUMN upstream_model TEXT;
ALTER TABLE models ADD COLUMN paths TEXT;

-- All places that serve a model, where the operator lists several; a JSON list.
ALTER TABLE models ADD COLUMN deployments TEXT;

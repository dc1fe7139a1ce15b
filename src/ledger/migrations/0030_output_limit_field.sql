-- The field of a request that limits a model's output: DeepSeek reads one alone.
ALTER TABLE models ADD COLUMN output_limit_field TEXT;
UPDATE models SET output_limit_field = 'max_tokens' WHERE upstream = 'deepseek';

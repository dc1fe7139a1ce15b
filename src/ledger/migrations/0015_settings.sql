-- How a namespace behaves where its budget runs low: JSON, absent where nobody set anything.

ALTER TABLE namespaces ADD COLUMN settings TEXT;

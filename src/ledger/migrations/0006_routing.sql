-- Requests for the model `auto` are routed by their namespace; models say what they can do.

ALTER TABLE namespaces ADD COLUMN routing TEXT;
ALTER TABLE models ADD COLUMN capabilities TEXT;

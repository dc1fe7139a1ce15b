-- What the operator holds an organization to: models, the priority of its namespaces, and how many things.
ALTER TABLE organizations ADD COLUMN allowed_models TEXT;
ALTER TABLE organizations ADD COLUMN max_priority TEXT;
ALTER TABLE organizations ADD COLUMN max_namespaces BIGINT;
ALTER TABLE organizations ADD COLUMN max_keys BIGINT;
ALTER TABLE organizations ADD COLUMN max_members BIGINT;

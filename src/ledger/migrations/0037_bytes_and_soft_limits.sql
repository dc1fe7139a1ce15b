-- Bytes of requests' bodies that gateways read a minute, and limits that are told and not enforced (JSON).
ALTER TABLE organizations ADD COLUMN bytes_per_minute BIGINT;
ALTER TABLE organizations ADD COLUMN soft_limits TEXT;
ALTER TABLE namespaces ADD COLUMN bytes_per_minute BIGINT;
ALTER TABLE namespaces ADD COLUMN soft_limits TEXT;
ALTER TABLE keys ADD COLUMN bytes_per_minute BIGINT;
ALTER TABLE keys ADD COLUMN soft_limits TEXT;

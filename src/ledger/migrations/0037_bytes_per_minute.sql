-- Bytes of requests' bodies that gateways read a minute.
ALTER TABLE organizations ADD COLUMN bytes_per_minute BIGINT;
ALTER TABLE namespaces ADD COLUMN bytes_per_minute BIGINT;
ALTER TABLE keys ADD COLUMN bytes_per_minute BIGINT;

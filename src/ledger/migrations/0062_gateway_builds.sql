-- What each gateway said last that it is: its filter's version, and the version of the protocol that it and the service
-- spoke.
ALTER TABLE gateway_terms ADD COLUMN version TEXT;
ALTER TABLE gateway_terms ADD COLUMN protocol BIGINT;

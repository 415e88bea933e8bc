-- The answer stored under an idempotency key.
-- @read
select fingerprint, operation, status, body, etag, location
from idempotency_keys where key_hash = :key_hash::bytea

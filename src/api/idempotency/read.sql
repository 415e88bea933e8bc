-- The answer stored under an idempotency key, which may have been another master key's.
-- @read
select key_hash, fingerprint, operation, status, body, etag, location
from idempotency_keys where key_hash = any (:key_hashes::bytea[]) and created_at > now() - interval '24 hours'

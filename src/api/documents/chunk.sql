-- Stores one chunk of ciphertext of an upload.
-- @write
select status, code, problem, body, etag, location
from document_chunk_put(:document::uuid, :caller_candidate_id::uuid, :chunk::integer, :data::bytea)

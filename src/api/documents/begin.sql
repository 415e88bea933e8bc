-- Takes a place among the candidate's documents for an upload.
-- @write
select status, code, problem, body, etag, location
from documents_begin(:caller_candidate_id::uuid, :document::uuid, :name, :sealed_key::bytea)

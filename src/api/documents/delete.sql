-- Deletes a document of the candidate: its key, its chunks, and where it was attached.
-- @write
select status, code, problem, body, etag, location
from documents_delete(:document_id::uuid, :caller_candidate_id::uuid)

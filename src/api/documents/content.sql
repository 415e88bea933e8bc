-- Opens a document for reading, and says so in the audit trail.
-- @write
select status, code, problem, body, etag, location, out_key, out_media_type, out_name, out_size
from documents_open(:document_id::uuid, :caller_kind, :caller_candidate_id::uuid, :caller_company_id::uuid)

-- Makes the uploaded chunks a document.
-- @write
select status, code, problem, body, etag, location
from documents_finish(:document::uuid, :caller_candidate_id::uuid, :chunks::integer, :media_type, :size::bigint, :sha256::bytea)

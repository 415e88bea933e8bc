-- One note; the audit trail keeps that it was read.
-- @recorded
select status, code, body, etag
from notes_get(:caller_company_id::uuid, :application_id::uuid, :note_id::uuid)

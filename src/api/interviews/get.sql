-- An interview, and what its calendar object is written from.
-- @read
select status, code, body, etag, out_calendar
from interviews_get(:caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid, :application_id::uuid,
    :interview_id::uuid)

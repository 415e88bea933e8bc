-- Moves an application: {status, reason?} by the company, {status: "withdrawn"} by the candidate.
-- @write
select status, code, problem, body, etag, location
from applications_patch_recorded(:application_id::uuid, :caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid,
    :caller_account_id::uuid, :body::jsonb, :if_match::text[], :lang)

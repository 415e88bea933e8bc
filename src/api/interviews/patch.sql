-- Accepts, declines or cancels an interview.
-- @write
select status, code, problem, body, etag, location
from interviews_patch(:caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid, :caller_account_id::uuid,
    :application_id::uuid, :interview_id::uuid, :body::jsonb, :if_match::text[], :lang)

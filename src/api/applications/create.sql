-- The caller applies to a vacancy.
-- @write
select status, code, problem, body, etag, location
from applications_create_open(:job_id::uuid, :caller_candidate_id::uuid, :caller_account_id::uuid, :new_id::uuid,
    :body::jsonb, :lang)

-- The caller applies to a vacancy. uploads: files that came with the application.
-- @write
select status, code, problem, body, etag, location
from applications_create(:job_id::uuid, :caller_candidate_id::uuid, :caller_account_id::uuid, :new_id::uuid,
    :body::jsonb, :uploads::jsonb, :lang)

-- Proposes an interview.
-- @write
select status, code, problem, body, etag, location
from interviews_create(:caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid, :application_id::uuid, :body::jsonb,
    :lang)

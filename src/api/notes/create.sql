-- Writes a note on an application.
-- @write
select status, code, problem, body, etag, location
from notes_create(:caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid, :application_id::uuid, :body::jsonb)

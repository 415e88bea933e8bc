-- Writes to the other side of an application.
-- @write
select status, code, problem, body, etag, location
from messages_create(:caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid, :caller_account_id::uuid, :new_id::uuid,
    :application_id::uuid, :body::jsonb)

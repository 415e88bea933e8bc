-- Changes a note of the caller's own.
-- @write
select status, code, problem, body, etag, location
from notes_patch(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid, :note_id::uuid, :body::jsonb,
    :if_match::text[])

-- Deletes a note.
-- @write
select status, code, problem, body, etag, location
from notes_delete(:caller_company_id::uuid, :caller_account_id::uuid, :caller_role, :application_id::uuid, :note_id::uuid,
    :if_match::text[])

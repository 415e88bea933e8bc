-- An address that gives the document once, for some minutes, to whoever has it.
-- @write
select status, code, problem, body, etag, location
from document_link_create(:document_id::uuid, :caller_kind, :caller_candidate_id::uuid, :caller_company_id::uuid,
    :caller_account_id::uuid, :new_id::uuid, :link_hash::bytea, :minutes::integer)

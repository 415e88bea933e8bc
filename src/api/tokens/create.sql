-- An API token for the caller, with no scope that the caller has not; the server appends the secret.
-- @write
select status, code, problem, body, etag, location
from tokens_create(:caller_account_id::uuid, :caller_company_id::uuid, :caller_token_id::uuid, :caller_kind, :caller_role,
    :new_id::uuid, :body::jsonb, :token_hash::bytea, :prefix, :lang)

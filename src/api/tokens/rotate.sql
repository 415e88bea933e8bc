-- A new secret for one of the caller's API tokens; the old one is dead at once, or after :grace_hours.
-- @write
select status, code, problem, body, etag, location
from tokens_rotate(:caller_account_id::uuid, :caller_token_id::uuid, :token_id::uuid, :token_hash::bytea, :prefix,
    coalesce((nullif(:body, '')::jsonb ->> 'grace_hours')::integer, 0))

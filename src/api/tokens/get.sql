-- One of the caller's API tokens.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(token_json(t)) as body from api_tokens t
    where t.id = :token_id::uuid and t.account_id = :caller_account_id::uuid and t.revoked_at is null) as found

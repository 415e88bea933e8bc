-- One of the caller's API tokens.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(token_json(t)) as body from api_tokens t
    where t.id = :token_id::uuid and t.account_id = :caller_account_id::uuid and t.revoked_at is null
    offset 0) as found

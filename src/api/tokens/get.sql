-- One of the caller's API tokens.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(token_json(t)) as body from api_tokens t
    where t.id = :token_id::uuid and token_within_reach(t, :caller_account_id::uuid, :caller_token_id::uuid)
    offset 0) as found

-- The candidate's whole profile.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(profile_json(d, a.email)) as body
    from candidates d join accounts a on a.id = d.account_id
    where d.id = :caller_candidate_id::uuid
    offset 0) as found

-- Who sees the candidate.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(visibility_json(d)) as body
    from candidates d where d.id = :caller_candidate_id::uuid
    offset 0) as found

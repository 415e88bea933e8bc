-- What the candidate's profile lacks.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag, :lang::text as language
from (select json_compact(profile_completeness(d.profile, :lang)) as body
    from candidates d where d.id = :caller_candidate_id::uuid
    offset 0) as found

-- The companies that never see the candidate.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(shield_json(:caller_candidate_id::uuid)) as body offset 0) as found

-- The candidate's profile as a JSON Resume document.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(resume_json(d, a.email)) as body
    from candidates d join accounts a on a.id = d.account_id
    where d.id = :caller_candidate_id::uuid
    offset 0) as found

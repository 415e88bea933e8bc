-- An application as its candidate sees it; a company's members: view.sql.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (
    select json_compact(application_json(a, 'candidate')) as body
    from applications a
    where a.id = :application_id::uuid and a.candidate_id = :caller_candidate_id::uuid
    offset 0
) as found

-- An application in the view of the side that asks.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (
    select json_compact(application_json(a, :caller_kind)) as body
    from applications a
    where a.id = :application_id::uuid and case :caller_kind
        when 'company' then a.company_id = :caller_company_id::uuid
        when 'candidate' then a.candidate_id = :caller_candidate_id::uuid
        else false end
    offset 0
) as found

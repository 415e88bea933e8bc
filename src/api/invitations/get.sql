-- An invitation of the caller's company.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(invitation_json(i)) as body from company_invitations i
    where i.id = :invitation_id::uuid and i.company_id = :caller_company_id::uuid
    offset 0) as found

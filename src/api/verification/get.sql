-- What an operator found about a company.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select case when allowed then 200 else 403 end as status, case when not allowed then 'forbidden' end as code,
    body, etag_of(body) as etag
from (select json_compact(verification_json(c)) as body,
        :caller_kind = 'operator' or c.id is not distinct from :caller_company_id::uuid as allowed
    from companies c where c.id = :company_id::uuid
    offset 0) as found

-- Since when and why a company is suspended. 404: it is not.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select case when not allowed then 403 when body is null then 404 else 200 end as status,
    case when not allowed then 'forbidden' when body is null then 'not_found' end as code, body, etag_of(body) as etag
from (select json_compact(suspension_json(c)) as body,
        :caller_kind = 'operator' or c.id is not distinct from :caller_company_id::uuid as allowed
    from companies c where c.id = :company_id::uuid
    offset 0) as found

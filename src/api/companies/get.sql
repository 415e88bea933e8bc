-- A company as everybody sees it.
-- offset 0: the body is made once, and not again for its entity tag.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(company_json(c)) as body from companies c where c.id = :company_id::uuid
    offset 0) as found

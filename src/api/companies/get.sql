-- A company as everybody sees it.
-- @read
select 200 as status, body, etag_of(body) as etag
from (select json_compact(company_json(c)) as body from companies c where c.id = :company_id::uuid) as found

-- The tags of the caller's company.
-- @read
select status, code, body, etag
from tags_list(:caller_company_id::uuid)

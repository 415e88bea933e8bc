-- Changes the role of a member of the caller's company.
-- @write
select status, code, problem, body, etag, location
from members_patch(:caller_company_id::uuid, :member_id::uuid, :body::jsonb, :if_match::text[])

-- Removes a member of the caller's company, or lets the caller leave it.
-- @write
select status, code, problem, body, etag, location
from members_delete(:caller_company_id::uuid, :member_id::uuid, :caller_account_id::uuid, :administers::boolean,
    :may_leave::boolean, :if_match::text[])

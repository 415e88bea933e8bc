-- Takes an invitation of the caller's company back.
-- @write
select status, code, problem, body, etag, location
from invitations_revoke(:caller_company_id::uuid, :invitation_id::uuid)

-- Mails an invitation again, with a new link.
-- @write
select status, code, problem, body, etag, location
from invitations_resend(:caller_company_id::uuid, :caller_account_id::uuid, :invitation_id::uuid, :link_id::uuid,
    :link_hash::bytea)

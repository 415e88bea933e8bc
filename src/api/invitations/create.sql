-- Invites somebody to the caller's company; the link's secret is made again when the message is written.
-- @write
select status, code, problem, body, etag, location
from invitations_create(:caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid, :link_id::uuid,
    :link_hash::bytea, :body::jsonb, :lang)

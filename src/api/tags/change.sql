-- Removes tags from an application and adds others.
-- @write
select status, code, problem, body, etag, location
from tags_change(:caller_company_id::uuid, :caller_account_id::uuid, :application_id::uuid, :body::jsonb, :lang)

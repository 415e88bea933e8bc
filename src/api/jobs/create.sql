-- A vacancy of the caller's company: a draft, or published at once.
-- @write
select status, code, problem, body, etag, location
from jobs_create(:caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid, :body::jsonb, :lang, :lint::jsonb)

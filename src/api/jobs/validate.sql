-- What publishing the vacancy (:body) would be refused for and warned of; nothing is stored.
-- @write
select status, code, problem, body, etag, location
from jobs_validate(:caller_company_id::uuid, :body::jsonb, :lang, :lint::jsonb)

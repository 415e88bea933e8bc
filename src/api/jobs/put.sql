-- Creates (201) or replaces (200) the vacancy with the company's own reference.
-- @write
select status, code, problem, body, etag, location
from jobs_put(:company_id::uuid, :reference, :caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid,
    :body::jsonb, :if_match::text[], :if_none_match_star::boolean, :lang, :lint::jsonb)

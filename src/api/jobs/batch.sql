-- One line of a batch (:body): with a reference create or replace, without one create. :token_hash is of the token that the
-- batch began with.
-- @write
select status, code, problem, body, etag, location
from jobs_batch_line(:token_hash::bytea, :caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid, :body::jsonb,
    :lang, :lint::jsonb)

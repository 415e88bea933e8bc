-- One line of a batch (:body): with a reference create or replace, without one create. :token_hashes are those that the
-- token of the batch may have.
-- @write
select status, code, problem, body, etag, location
from jobs_batch_line(:token_hashes::bytea[], :caller_company_id::uuid, :caller_account_id::uuid, :new_id::uuid, :body::jsonb,
    :lang, :lint::jsonb)

-- The interviews of an application, newest first, as a side sees them.
-- @recorded
select status, code, items, next_key
from interviews_list(:caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid, :application_id::uuid, :after,
    :limit::integer)

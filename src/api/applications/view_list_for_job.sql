-- The applications to a vacancy of the company; the audit trail keeps whom its member saw.
-- Slow where most rows are passed over: everybody's writes would wait behind it.
-- @recorded slow
select status, code, items, next_key
from applications_view_list(:caller_company_id::uuid, :job_id::uuid, :after, :status::text[], :since::timestamptz,
    :limit::integer)

-- The applications of the caller's company whose answer is due, the longest due first; the audit trail keeps whom the member saw.
-- Slow where most rows are passed over: everybody's writes would wait behind it.
-- @recorded slow
select status, code, items, next_key
from applications_overdue(:caller_company_id::uuid, :caller_account_id::uuid, :mine::boolean, :after, :limit::integer)

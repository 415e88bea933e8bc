-- The candidates who let the company see them, in the order of its aliases; the audit trail keeps whom its member saw.
-- Slow where most rows are passed over: everybody's writes would wait behind it.
-- @recorded slow
select status, code, items, next_key, members
from candidates_view_list(:caller_company_id::uuid, :after, :limit::integer, :role::text[], :language::text[], :tool::text[],
    :soft_skill::text[], :duty::text[], :country::text[], :region::text[], :total)

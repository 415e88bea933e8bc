-- The history of an application as a member of the vacancy's company sees it; the audit trail keeps that it did.
-- @recorded
select status, code, items, next_key
from applications_view_events(:caller_company_id::uuid, :application_id::uuid, :after, :limit::integer)

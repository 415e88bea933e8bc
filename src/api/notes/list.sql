-- The notes on an application of the caller's company, newest first; the audit trail keeps that they were read.
-- @recorded
select status, code, items, next_key
from notes_list(:caller_company_id::uuid, :application_id::uuid, :after, :limit::integer)

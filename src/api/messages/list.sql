-- The messages of an application, newest first; the audit trail keeps that a company's member read them.
-- @recorded
select status, code, items, next_key
from messages_list(:caller_kind, :caller_company_id::uuid, :caller_candidate_id::uuid, :application_id::uuid, :after, :limit::integer)

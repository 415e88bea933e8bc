-- The applications to a company's vacancies, or to one of them; the audit trail keeps whom its member saw.
-- Slow where most rows are passed over: everybody's writes would wait behind it.
-- @recorded slow
select status, code, problem, items, next_key, members
from applications_view_list(:caller_company_id::uuid, :job_id::uuid, jsonb_build_object('q', :q::text,
    'status', :status::text[], 'since', :since::text, 'submitted_since', :submitted_since::text, 'purge_before', :purge_before::text, 'answer', :answer::text[],
    'language', :language::text[], 'tool', :tool::text[], 'overdue', :overdue::boolean, 'tag', :tag::text[],
    'assignee', :assignee::text, 'rating_min', :rating_min::numeric, 'sort', :sort::text,
    'total', :total::text, 'lang', :lang::text), :after, :limit::integer)

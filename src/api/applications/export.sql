-- The same as CSV or NDJSON, piece by piece; the audit trail keeps whom its member saw.
-- @recorded slow
select status, code, problem, items, next_key, head, columns
from applications_export(:caller_company_id::uuid, :job_id::uuid, jsonb_build_object('q', :q::text,
    'status', :status::text[], 'since', :since::text, 'submitted_since', :submitted_since::text, 'purge_before', :purge_before::text, 'answer', :answer::text[],
    'language', :language::text[], 'tool', :tool::text[], 'overdue', :overdue::boolean, 'tag', :tag::text[],
    'assignee', :assignee::text, 'rating_min', :rating_min::numeric, 'sort', :sort::text,
    'lang', :lang::text), :after, :form::text, :columns::text, :limit::integer)

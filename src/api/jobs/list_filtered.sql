-- The newest open vacancies that pass every filter given; each filter is a list of alternatives.
-- @slow
select status, items, next_key
from jobs_list_filtered(:role::text[], :employment_type::text[], :contract::text[], :work_mode::text[],
    :confidentiality_level::text[], :company_id::uuid[], :country::text[], :region::text[], :city::text[],
    :published_since::timestamptz, :after, :limit::integer)

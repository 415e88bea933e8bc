-- What a search asks for, as the index in memory takes it.
-- @read
select status, code, problem, plan
from search_plan(jsonb_build_object('q', :q::text, 'role', :role::text[], 'employment_type', :employment_type::text[],
    'contract', :contract::text[], 'work_mode', :work_mode::text[],
    'confidentiality_level', :confidentiality_level::text[], 'company_id', :company_id::text[],
    'country', :country::text[], 'region', :region::text[], 'city', :city::text[],
    'published_since', :published_since::text, 'language', :language::text[], 'languages_fit', :languages_fit::text,
    'tool', :tool::text[], 'soft_skill', :soft_skill::text[], 'duty', :duty::text[])
    || jsonb_build_object('salary_min', :salary_min::numeric, 'salary_max', :salary_max::numeric,
    'salary_unit', :salary_unit::text, 'currency', :currency::text[],
    'include_undisclosed', :include_undisclosed::boolean, 'office_days_max', :office_days_max::integer,
    'near', :near::text, 'lat', :lat::double precision, 'lon', :lon::double precision,
    'radius_km', :radius_km::numeric, 'sort', :sort::text, 'highlight', :highlight::boolean, 'lang', :lang::text),
    :wrong::text[], :replacements::text[])

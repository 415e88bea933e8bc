-- The editable part of a company, for a merge patch.
-- @read
select case when visible and current then 200 when visible then 412 else 403 end as status,
    case when visible and current then null when visible then 'precondition_failed' else 'forbidden' end as code,
    company_editable(c)::text as body, c.version as out_version
from companies c,
    lateral (select :caller_kind = 'operator' or c.id is not distinct from :caller_company_id::uuid as visible,
        etag_matches(:if_match::text[], etag_of(json_compact(company_json(c)))) as current) as checks
where c.id = :company_id::uuid

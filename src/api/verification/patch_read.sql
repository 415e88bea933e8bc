-- The editable part of a company's verification, for a merge patch.
-- @read
select case when current then 200 else 412 end as status,
    case when not current then 'precondition_failed' end as code,
    (jsonb_strip_nulls(verification_json(c)::jsonb) - 'changed_at')::text as body, c.version as out_version
from companies c,
    lateral (select etag_matches(:if_match::text[], etag_of(json_compact(verification_json(c)))) as current) as checks
where c.id = :company_id::uuid

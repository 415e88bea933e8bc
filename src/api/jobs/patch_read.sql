-- The editable part of a vacancy, for a merge patch.
-- @read
select case when mine and current then 200 when mine then 412 when seen then 403 else 404 end as status,
    case when mine and current then null when mine then 'precondition_failed' when seen then 'forbidden'
        else 'not_found' end as code,
    job_editable(j)::text as body, j.version as out_version
from jobs j join job_documents d on d.job_id = j.id,
    lateral (select :caller_kind = 'operator' or j.company_id is not distinct from :caller_company_id::uuid as mine,
        job_state(j.status, j.valid_through) = 'published' as seen,
        etag_matches(:if_match::text[], job_etag_today(d.etag, d.status, d.valid_through)) as current) as checks
where j.id = :job_id::uuid

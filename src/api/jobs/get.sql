-- Vacancies by id. The status is what the public gets; a member of out_company_id gets 200 and the body of every state.
-- The stored text is sent as it is; only one that ended since it was stored is changed (see job_text_today).
-- @merge job_id
select d.job_id as merge_key, d.company_id as out_company_id,
    case job_state(d.status, d.valid_through)
        when 'published' then 200
        when 'closed' then 410 when 'expired' then 410
        when 'removed' then case when d.was_public then 410 else 404 end
        else 404 end as status,
    case job_state(d.status, d.valid_through)
        when 'published' then null
        when 'closed' then 'job_closed' when 'expired' then 'job_expired'
        when 'removed' then case when d.was_public then 'job_removed' else 'not_found' end
        else 'not_found' end as code,
    case when d.was_public and job_state(d.status, d.valid_through) in ('closed', 'expired', 'removed')
        then jsonb_strip_nulls(jsonb_build_object('job_status', job_state(d.status, d.valid_through),
            'close_reason', d.close_reason, 'closed_at', rfc3339(case job_state(d.status, d.valid_through)
                when 'expired' then (d.valid_through + 1) at time zone 'UTC' else d.ended_at end))) end as problem,
    job_text_today(d.document, d.status, d.valid_through) as body,
    job_etag_today(d.etag, d.status, d.valid_through) as etag
from job_documents d
where d.job_id = any (:job_id::uuid[])

-- Vacancies by id. The status is what the public gets; a member of out_company_id gets 200 and the body of every state.
-- The stored text is sent as it is; only one that ended since it was stored is changed (see job_text_today).
-- offset 0: the state is found once. hidden: the company is suspended.
-- @merge job_id
select d.job_id as merge_key, d.company_id as out_company_id,
    case d.state
        when 'published' then 200
        when 'closed' then 410 when 'expired' then 410
        when 'removed' then case when d.was_public then 410 else 404 end
        else 404 end as status,
    case d.state
        when 'published' then null
        when 'closed' then 'job_closed' when 'expired' then 'job_expired'
        when 'removed' then case when d.was_public then 'job_removed' else 'not_found' end
        else 'not_found' end as code,
    case when d.was_public and d.state in ('closed', 'expired', 'removed') then jsonb_strip_nulls(jsonb_build_object(
        'job_status', d.state, 'close_reason', d.close_reason, 'closed_at', rfc3339(case d.state
            when 'expired' then (d.valid_through + 1) at time zone 'UTC' else d.ended_at end))) end as problem,
    case d.state when d.status then d.document else job_text_today(d.document, d.status, d.valid_through) end as body,
    case d.state when d.status then d.etag else job_etag_today(d.etag, d.status, d.valid_through) end as etag
from (
    select *, case when company_id = any (array(select id from companies where suspended_at is not null)) then 'hidden'
        else job_state(status, valid_through) end as state
    from job_documents
    where job_id = any (:job_id::uuid[])
    offset 0
) as d

-- A page of applications describes each vacancy once, however many of them are to it: for a vacancy's own list that was a seventh of
-- what PostgreSQL did.

drop function application_card(applications, text);
create function application_card(a applications, viewer text, job json default null) returns text
language plpgsql stable
as $$
declare
    candidate json;
    assignee json;
    tags json;
begin
    if viewer = 'company' and candidate_restricted(a.candidate_id) then
        return json_compact(application_restricted_json(a, 'card'));
    end if;
    if viewer = 'company' then
        candidate := candidate_shown(a, 'card');
        assignee := application_assignee_json(a);
        tags := application_tags_json(a.id);
    end if;
    return json_compact(json_build_object(
        'id', a.id, 'job', coalesce(job, application_job_json(a, viewer)), 'candidate', candidate, 'status', a.status,
        'assignee', assignee, 'tags', tags,
        'submitted_at', rfc3339(a.submitted_at), 'updated_at', rfc3339(a.updated_at),
        'next_update_due', rfc3339(a.next_update_due), 'purge_after', rfc3339(application_purge_after(a)),
        'anonymised_at', rfc3339(a.anonymised_at)));
end
$$;
comment on function application_card(applications, text, json) is
    'An application as a listing of that side shows it. job: application_job_json, where it is known already.';

create or replace function applications_view_list(company uuid, job uuid, p jsonb, after text, page integer) returns application_page
language plpgsql volatile
as $$
declare
    answer application_page;
    asked jsonb;
    listed record;
    shown uuid[];
    named uuid[];
    sort text := coalesce(p ->> 'sort', 'recent');
begin
    if job is not null and not exists (select from jobs where id = job and company_id = company) then
        answer.status := 404;
        answer.code := 'not_found';
        return answer;
    end if;
    asked := applications_asked(company, job, p);
    if asked ? 'errors' then
        answer.status := 400;
        answer.code := 'invalid_parameter';
        answer.problem := asked;
        return answer;
    end if;
    listed := applications_found(company, job, asked, sort, after, page + 1);
    with page_shown as materialized (
        select a, n from unnest(listed.ids[1:page]) with ordinality as e (id, n) join applications a using (id)
    ), jobs_shown as materialized (
        select (a).job_id as id, application_job_json(a, 'company') as job
        from (select distinct on ((a).job_id) a from page_shown offset 0) as one_of_each
    )
    select coalesce(string_agg(application_card(s.a, 'company', j.job), ',' order by s.n), ''), array_agg(distinct d.id),
        array_agg(distinct d.id) filter (where not application_blind(s.a) and d.restricted_at is null)
    into answer.items, shown, named
    from page_shown s join jobs_shown j on j.id = (s.a).job_id left join candidates d on d.id = (s.a).candidate_id;
    answer.next_key := case when cardinality(listed.ids) > page
        then application_keyset(sort, listed.times[page], listed.ratings[page], listed.ids[page]) end;
    if p ->> 'total' = 'exact' then
        answer.members := format('"total":{"value":%s,"accuracy":"exact"}', applications_count(company, job, asked));
    end if;
    perform audit_showing('application.listed', case when job is null then 'company' else 'job' end,
        coalesce(job, company), company, array_remove(shown, null), coalesce(named, '{}'));
    answer.status := 200;
    return answer;
end
$$;

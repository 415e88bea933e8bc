-- A company's listings and exports of applications, at less cost. PostgreSQL plans the body of a function in SQL that cannot be
-- inlined once in every statement that calls it; that of one in PL/pgSQL once in a connection. These are called by every page, and
-- what they say is unchanged.

-- (extract of a time is no immutable function, so that this one was never inlined.)
create or replace function keyset_text(at timestamptz, id uuid) returns text
language plpgsql immutable parallel safe
as $$
begin
    return (extract(epoch from at) * 1000000)::bigint::text || '.' || id::text;
end
$$;

create or replace function search_texts(p jsonb, member text) returns text[]
language plpgsql immutable parallel safe
as $$
begin
    if jsonb_typeof(p -> member) = 'array' and p -> member <> '[]' then
        return array(select jsonb_array_elements_text(p -> member));
    end if;
    return null;
end
$$;

create or replace function shield_candidates(company uuid) returns setof uuid
language plpgsql stable
as $$
begin
    return query
    select s.candidate_id from company_marks k join employer_shield s on (s.kind, s.value) = (k.kind, k.value)
    where k.company_id = company
    union
    select s.candidate_id
    from company_members m join accounts a on a.id = m.account_id
        cross join lateral domain_names(domain_fold(a.email)) as d
        join employer_shield s on s.kind = 'email_domain' and s.value = d
    where m.company_id = company;
end
$$;

create or replace function applications_restricted(company uuid) returns uuid[]
language plpgsql stable
as $$
begin
    return (select coalesce(array_agg(a.id), '{}') from candidates d join applications a on a.candidate_id = d.id
        where d.restricted_at is not null and a.company_id = company);
end
$$;

create or replace function application_tags_json(application uuid) returns json
language plpgsql stable
as $$
begin
    return (select json_agg(t.label order by t.key)
        from application_tags x join company_tags t on t.company_id = x.company_id and t.key = x.key
        where x.application_id = application);
end
$$;

create or replace function application_assignee_json(a applications) returns json
language plpgsql stable
as $$
begin
    if a.assignee_id is null then
        return null;
    end if;
    return (select json_build_object('member_id', m.id, 'name', n.name)
        from company_members m join accounts n on n.id = m.account_id where m.id = a.assignee_id);
end
$$;

create or replace function job_criteria(job uuid, company uuid) returns jsonb
language plpgsql stable
as $$
begin
    return coalesce((select criteria from review_criteria where job_id = job and criteria <> '[]'),
        (select criteria from review_criteria where company_id = company and job_id is null), '[]');
end
$$;

create or replace function application_rating_json(a applications) returns json
language plpgsql stable
as $$
begin
    return (select case when count(*) > 0
            then json_build_object('average', round(avg(value), 2), 'members', count(distinct account_id)) end
        from application_ratings
        where application_id = a.id
            and criterion in (select c ->> 'id' from jsonb_array_elements(job_criteria(a.job_id, a.company_id)) as c));
end
$$;

-- A page that asks for nothing in particular has no conditions to make, but for who shields itself. Who restricted the processing
-- is listed there, as restricted.
alter function applications_asked(uuid, uuid, jsonb) rename to applications_asked_for;
create function applications_asked(company uuid, job uuid, p jsonb) returns jsonb
language plpgsql stable
as $$
declare
    hidden uuid[];
begin
    if jsonb_strip_nulls(p) - '{lang,sort,total}'::text[] <> '{}' then
        return applications_asked_for(company, job, p);
    end if;
    hidden := array(select shield_candidates(company));
    return jsonb_build_object('query', search_quoted(case when job is null then 'c:' || company else 'j:' || job end),
        'flags', false, 'narrow', hidden <> '{}', 'conditions', case when hidden = '{}' then ''
            else format(' and coalesce(s.candidate_id <> all (%L), true)', hidden) end);
end
$$;
comment on function applications_asked(uuid, uuid, jsonb) is 'The parameters of the search as conditions. Every value is quoted.';
comment on function applications_asked_for(uuid, uuid, jsonb) is 'The same where there are any: each value that is given.';

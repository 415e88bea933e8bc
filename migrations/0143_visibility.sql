-- Who sees a candidate that has not applied: nobody, unless it says so. Verified companies then see it blind (what it can do,
-- and the region) or by name, but for those it shields itself from.

alter table candidates add column visibility text not null default 'hidden', add column visible_since timestamptz,
    add column tool_keys text[] not null default '{}',
    add constraint candidates_visibility_known check (visibility in ('hidden', 'blind', 'members')),
    add constraint candidates_visible_since check ((visible_since is null) = (visibility = 'hidden')),
    add constraint candidates_hidden_without_account check (account_id is not null or visibility = 'hidden');
create index candidates_visible on candidates (visible_since, id) where visibility <> 'hidden';
comment on column candidates.visibility is
    'hidden: companies see it through its applications alone; blind: verified companies see what it can do; members: its name, too.';
comment on column candidates.visible_since is 'Since when it has this visibility.';
comment on column candidates.tool_keys is 'The profile''s tools as vacancies'' are folded (search_tool_key).';

create function candidates_tool_keys() returns trigger
language plpgsql
as $$
begin
    new.tool_keys := array(select distinct search_tool_key(t ->> 'name') from jsonb_array_elements(new.profile -> 'tools') as t);
    return new;
end
$$;
comment on function candidates_tool_keys() is 'Keeps candidates.tool_keys.';
create trigger candidates_tool_keys before insert or update of profile on candidates
    for each row execute function candidates_tool_keys();
update candidates set profile = profile where profile ? 'tools';

-- --- Names that one company has for a candidate ---------------------------------------------------------------------------
-- A blind candidate has an id for each company, and lists are in the order of these ids: they are random, so that two
-- companies find nothing in their lists by which to tell that a candidate is the same, not even its place.

create table candidate_aliases (
    company_id   uuid not null references companies (id) on delete cascade,
    alias        uuid not null default gen_random_uuid(),
    candidate_id uuid not null references candidates (id) on delete cascade,
    primary key (company_id, alias),
    constraint candidate_aliases_once unique (candidate_id, company_id)
);
comment on table candidate_aliases is 'The id under which a company sees a blind candidate, and its place in that company''s list.';

create table candidate_alias_fills (
    company_id uuid primary key references companies (id) on delete cascade,
    until      timestamptz not null
);
comment on table candidate_alias_fills is 'Candidates who became visible before this have an alias for the company.';

create function candidate_aliases_fill(company uuid) returns void
language plpgsql volatile
as $$
declare
    -- A candidate's change may be committed a while after the moment that it is stamped with.
    since timestamptz := coalesce((select until - interval '5 minutes' from candidate_alias_fills where company_id = company),
        '-infinity');
begin
    insert into candidate_aliases (company_id, candidate_id)
    select company, d.id from candidates d where d.visibility <> 'hidden' and d.visible_since >= since
    on conflict do nothing;
    if found then
        insert into candidate_alias_fills values (company, now())
        on conflict (company_id) do update set until = greatest(candidate_alias_fills.until, excluded.until);
    end if;
end
$$;
comment on function candidate_aliases_fill(uuid) is 'Gives the company an alias for each candidate that became visible since it asked last.';

-- --- The candidate's side ------------------------------------------------------------------------------------------------

create function visibility_json(d candidates) returns json
language sql stable
as $$ select json_build_object('visibility', d.visibility, 'since', rfc3339(d.visible_since)) $$;
comment on function visibility_json(candidates) is 'Who sees a candidate, as it is told.';

create function visibility_put(candidate uuid, body jsonb, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    d candidates;
    document text;
begin
    select * into d from candidates where id = candidate for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(visibility_json(d)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    if d.visibility <> body ->> 'visibility' then
        update candidates set visibility = body ->> 'visibility',
            visible_since = case when body ->> 'visibility' <> 'hidden' then now() end
        where id = candidate returning * into d;
        -- Its old ids and places in the lists would join what it shows from now on to what it showed before.
        delete from candidate_aliases where candidate_id = candidate;
        perform audit_record('visibility.changed', 'candidate', candidate, null, candidate,
            jsonb_build_object('visibility', d.visibility));
    end if;
    document := json_compact(visibility_json(d));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function visibility_put(uuid, jsonb, text[]) is 'PUT /v1/me/visibility; at once.';

create function shield_json(candidate uuid) returns json
language plpgsql stable
as $$
begin
    return (
        select json_build_object('entries', coalesce(json_agg(json_build_object('kind', s.kind, 'value', s.given,
                'name', case when s.kind = 'company' then (select c.name from companies c where c.id = s.value::uuid) end)
                order by s.position), '[]'),
            'hidden_applications', (select count(*) from applications a
                where a.candidate_id = candidate and shield_hides(candidate, a.company_id)))
        from employer_shield s where s.candidate_id = candidate
    );
end
$$;
comment on function shield_json(uuid) is 'A candidate''s shield, and how many of its applications that hides from their companies.';

create function shield_value(kind text, value text) returns text
language sql immutable
as $$
    select case kind when 'company' then lower(value) when 'vat_id' then vat_fold(value) when 'group' then shield_fold(value)
        else domain_fold(value) end
$$;
comment on function shield_value(text, text) is 'What of an entry is compared.';

create function shield_violations(entries jsonb) returns jsonb
language plpgsql stable
as $$
begin
    return (
        with entry as (
            select n - 1 as i, e ->> 'kind' as kind, shield_value(e ->> 'kind', e ->> 'value') as value, n
            from jsonb_array_elements(entries) with ordinality as x (e, n)
        ), broken (pointer, code) as (
            select '/entries/' || i || '/value', case
                when kind = 'company' and not exists (select from companies c where c.id::text = value) then 'unknown_company'
                when kind = 'vat_id' and coalesce(length(value), 0) not between 4 and 20 then 'vat_id_form'
                when kind in ('email_domain', 'website_domain')
                    and coalesce(value, '') !~ '^[a-z0-9-]+([.][a-z0-9-]+)*[.][a-z0-9-]*[a-z][a-z0-9-]*$' then 'domain_form' end
            from entry
            union all select '/entries/' || i, 'duplicate_entry'
            from (select i, row_number() over (partition by kind, value order by n) as nth from entry) as e where nth > 1
        )
        select coalesce(jsonb_agg(violation(pointer, code)), '[]') from broken where code is not null
    );
end
$$;
comment on function shield_violations(jsonb) is 'Entries of a shield that name nothing, or something twice.';

create function shield_put(candidate uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    errors jsonb;
    document text;
begin
    perform from candidates where id = candidate for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(shield_json(candidate)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    errors := shield_violations(body -> 'entries');
    if errors <> '[]' then
        return op_invalid(violations(errors, lang));
    end if;
    delete from employer_shield where candidate_id = candidate;
    insert into employer_shield (candidate_id, position, kind, value, given)
    select candidate, n, e ->> 'kind', shield_value(e ->> 'kind', e ->> 'value'), btrim(e ->> 'value')
    from jsonb_array_elements(body -> 'entries') with ordinality as x (e, n);
    perform applications_forget_answers(array_agg(a.id), candidate, array_agg(distinct a.company_id))
    from applications a where a.candidate_id = candidate and shield_hides(candidate, a.company_id);
    -- Which companies are meant is nobody's business, not even the trail's.
    perform audit_record('shield.changed', 'candidate', candidate, null, candidate,
        jsonb_build_object('entries', jsonb_array_length(body -> 'entries')));
    document := json_compact(shield_json(candidate));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function shield_put(uuid, jsonb, text[], text) is 'PUT /v1/me/employer-shield; at once.';

insert into rule_texts (code, en, it) values
    ('unknown_company', 'There is no company with this id.', 'Non esiste un''azienda con questo identificativo.'),
    ('vat_id_form', 'A VAT number has between 4 and 20 letters and digits.', 'Una partita IVA ha da 4 a 20 lettere e cifre.'),
    ('domain_form', 'This is not a domain such as example.com.', 'Non è un dominio come example.com.'),
    ('duplicate_entry', 'This is named twice.', 'È indicato due volte.');

-- --- The company's side --------------------------------------------------------------------------------------------------

create function candidate_seen(d candidates, alias uuid, detail text) returns json
language plpgsql stable
as $$
declare
    p jsonb := d.profile;
begin
    if d.visibility = 'blind' then
        return json_build_object('id', alias, 'visibility', 'blind', 'location', json_build_object(
                'country', p #> '{location,country}', 'region', p #> '{location,region}'),
            'languages', p -> 'languages', 'tools', p -> 'tools', 'soft_skills', p -> 'soft_skills', 'duties', p -> 'duties',
            'roles', p #> '{preferences,roles}');
    elsif detail = 'card' then
        return json_build_object('id', d.id, 'visibility', 'members', 'given_name', d.given_name, 'family_name', d.family_name,
            'headline', p -> 'headline', 'location', json_build_object('country', p #> '{location,country}',
                'region', p #> '{location,region}', 'city', p #> '{location,city}'),
            'languages', p -> 'languages', 'tools', p -> 'tools', 'soft_skills', p -> 'soft_skills', 'duties', p -> 'duties',
            'roles', p #> '{preferences,roles}');
    end if;
    return json_build_object('id', d.id, 'visibility', 'members', 'given_name', d.given_name, 'family_name', d.family_name,
        'email', (select a.email from accounts a where a.id = d.account_id), 'headline', p -> 'headline',
        'location', json_build_object('country', p #> '{location,country}', 'region', p #> '{location,region}',
            'city', p #> '{location,city}'),
        'languages', p -> 'languages', 'tools', p -> 'tools', 'soft_skills', p -> 'soft_skills', 'duties', p -> 'duties',
        'roles', p #> '{preferences,roles}', 'summary', p -> 'summary', 'url', p -> 'url', 'profiles', p -> 'profiles',
        'work', p -> 'work', 'volunteer', p -> 'volunteer', 'education', p -> 'education', 'awards', p -> 'awards',
        'certificates', p -> 'certificates', 'publications', p -> 'publications', 'skills', p -> 'skills',
        'projects', p -> 'projects', 'work_modes', p #> '{preferences,work_modes}',
        'office_days_max', p #> '{preferences,office_days_max}', 'available_from', p #> '{preferences,available_from}',
        'notice_days', p #> '{preferences,notice_days}');
end
$$;
comment on function candidate_seen(candidates, uuid, text) is
    'A candidate that let itself be seen, as a company sees it. Blind: nothing more, however it is asked. Nobody is shown the '
    'least pay, the telephone number, or what others wrote about it.';

create function candidate_fits(d candidates, roles text[], languages text[], keys text[], soft_skills text[], duties text[],
                               countries text[], regions text[]) returns boolean
language plpgsql stable
as $$
begin
    return (roles is null or coalesce(d.profile #> '{preferences,roles}' ?| roles, false))
        and (soft_skills is null or coalesce(d.profile -> 'soft_skills' ?| soft_skills, false))
        and (duties is null or coalesce(d.profile -> 'duties' ?| duties, false))
        and (keys is null or d.tool_keys && keys)
        and (countries is null or coalesce(d.profile #>> '{location,country}' = any (countries), false))
        and (regions is null or coalesce(search_fold(d.profile #>> '{location,region}') = any (regions), false))
        and (languages is null or not exists (
            select from unnest(languages) as wanted
            where not exists (select from jsonb_array_elements(d.profile -> 'languages') as l
                where l ->> 'language' = lower(split_part(wanted, ':', 1))
                    and l ->> 'level' >= coalesce(nullif(upper(split_part(wanted, ':', 2)), ''), 'A1'))));
end
$$;
comment on function candidate_fits(candidates, text[], text[], text[], text[], text[], text[], text[]) is
    'Whether a candidate passes the filters of GET /v1/candidates: any of each kind, but all languages, at least at their level.';

create type candidate_list as (status integer, code text, items text, next_key text, members text);
comment on type candidate_list is 'list_result with further members of the answer.';

create function candidates_view_list(company uuid, after text, page integer, roles text[], languages text[], tools text[],
                                     soft_skills text[], duties text[], countries text[], regions text[], total text)
returns candidate_list
language plpgsql volatile
as $$
declare
    answer candidate_list;
    hidden constant uuid[] := array(select shield_candidates(company));
    keys constant text[] := (select array_agg(search_tool_key(t)) from unnest(tools) as t);
    folded constant text[] := (select array_agg(search_fold(r)) from unnest(regions) as r);
    upper_countries constant text[] := (select array_agg(upper(c)) from unnest(countries) as c);
    candidates uuid[];
    n bigint;
begin
    if not exists (select from companies c where c.id = company and c.verification = 'verified') then
        return row(403, 'company_unverified', null, null, null)::candidate_list;
    end if;
    perform candidate_aliases_fill(company);
    select 200, null, coalesce(string_agg(item, ',' order by place) filter (where place <= page), ''),
        case when count(*) > page then max(alias::text) filter (where place = page) end,
        array_agg(id) filter (where place <= page)
    into answer.status, answer.code, answer.items, answer.next_key, candidates
    from (
        select s.id, s.alias, json_compact(candidate_seen(s.d, s.alias, 'card')) as item, row_number() over (order by s.alias) as place
        from (
            select d.id, d, k.alias
            from candidate_aliases k join candidates d on d.id = k.candidate_id join accounts a on a.id = d.account_id
            where k.company_id = company and (after is null or k.alias > after::uuid)
                and d.visibility <> 'hidden' and d.restricted_at is null and a.disabled_at is null and d.id <> all (hidden)
                and candidate_fits(d, roles, languages, keys, soft_skills, duties, upper_countries, folded)
            order by k.alias
            limit page + 1
        ) as s
    ) as cards;
    if total = 'exact' then
        select count(*) into n
        from candidate_aliases k join candidates d on d.id = k.candidate_id join accounts a on a.id = d.account_id
        where k.company_id = company and d.visibility <> 'hidden' and d.restricted_at is null and a.disabled_at is null and d.id <> all (hidden)
            and candidate_fits(d, roles, languages, keys, soft_skills, duties, upper_countries, folded);
        answer.members := case when n < 5 then '"total":{"below":5}' else '"total":{"value":' || n || '}' end;
    end if;
    perform audit_showing('candidate.listed', 'company', company, company, candidates);
    return answer;
end
$$;
comment on function candidates_view_list(uuid, text, integer, text[], text[], text[], text[], text[], text[], text[], text) is
    'GET /v1/candidates. A count of fewer than five people is not said.';

create function candidates_view(company uuid, wanted uuid) returns op_result
language plpgsql volatile
as $$
declare
    d candidates;
    body text;
begin
    if not exists (select from companies c where c.id = company and c.verification = 'verified') then
        return op_problem(403, 'company_unverified');
    end if;
    select t.* into d from candidates t join accounts a on a.id = t.account_id and a.disabled_at is null
    where t.id = wanted and t.visibility = 'members';
    if not found then
        select t.* into d from candidate_aliases k join candidates t on t.id = k.candidate_id
            join accounts a on a.id = t.account_id and a.disabled_at is null
        where k.company_id = company and k.alias = wanted and t.visibility = 'blind';
    end if;
    if not found or shield_hides(d.id, company) or candidate_restricted(d.id) then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('candidate.viewed', 'candidate', wanted, company, d.id);
    body := json_compact(candidate_seen(d, wanted, 'full'));
    return op_ok(200, body, etag_of(body));
end
$$;
comment on function candidates_view(uuid, uuid) is
    'GET /v1/candidates/{candidate_id}: by its id who is seen by name, by the company''s alias who is seen blind.';

create or replace function applications_view(company uuid, application uuid) returns op_result
language plpgsql volatile
as $$
declare
    a applications;
begin
    select * into a from applications where id = application and company_id = company;
    if not found or shield_hides(a.candidate_id, company) then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('application.viewed', 'application', a.id, company, a.candidate_id);
    return application_result(a, 'company', 200);
end
$$;

create or replace function applications_view_events(company uuid, application uuid, after text, page integer) returns list_result
language plpgsql volatile
as $$
declare
    candidate uuid;
    answer list_result;
begin
    select candidate_id into candidate from applications where id = application and company_id = company;
    if not found or shield_hides(candidate, company) or candidate_restricted(candidate) then
        return row(404, 'not_found', null, null)::list_result;
    end if;
    perform audit_record('application.events_viewed', 'application', application, company, candidate);
    select 200, null, coalesce(string_agg(item, ',' order by n) filter (where n <= page), ''),
        case when count(*) > page then max(keyset_text(at, id)) filter (where n = page) end
    into answer
    from (
        select e.id, e.at, row_number() over (order by e.at, e.id) as n,
            application_event_text(e, 'company') as item
        from application_events e
        where e.application_id = application
            and (after is null or (e.at, e.id) > (keyset_at(after), keyset_id(after)))
        order by e.at, e.id
        limit page + 1
    ) as events;
    return answer;
end
$$;

-- --- What the trail tells a company --------------------------------------------------------------------------------------

create function audit_tells(l audit_log, candidate uuid, viewer text) returns boolean
language plpgsql stable
as $$
begin
    return viewer <> 'company' or (candidate is not null and l.action not like 'candidate.%' and not shield_hides(candidate, l.company_id)
        and exists (select from applications a
            where a.candidate_id = audit_tells.candidate and a.company_id = l.company_id and not application_blind(a)
                and case l.subject_kind when 'application' then a.id = l.subject_id when 'job' then a.job_id = l.subject_id
                    else true end));
end
$$;
comment on function audit_tells(audit_log, uuid, text) is
    'Whether a row of the trail may tell its reader which candidate it is about: a company only of applications that it does '
    'not review blind and that still are somebody''s, and of nobody who shields itself from it.';

create or replace function audit_item(l audit_log, viewer text) returns text
language plpgsql stable
as $$
declare
    own constant boolean := viewer = 'operator' or l.actor_kind = viewer;
begin
    return json_compact(json_build_object(
        'id', l.id, 'at', rfc3339(l.at), 'action', l.action,
        'actor', json_build_object('kind', l.actor_kind, 'role', l.role,
            'account_id', case when viewer = 'operator' or (viewer = 'company' and own) then l.account_id end,
            'name', case when viewer = 'operator' or (viewer = 'company' and own)
                then (select a.name from accounts a where a.id = l.account_id) end,
            'token_id', case when own then l.token_id end, 'token_type', case when own then l.token_type end),
        'address', case when viewer = 'operator' then host(l.address)
            when own then network(set_masklen(l.address, case family(l.address) when 4 then 24 else 48 end))::text end,
        'request_id', case when own then l.request_id end,
        'subject', json_build_object('kind', l.subject_kind, 'id', l.subject_id),
        'company', (select json_build_object('id', c.id, 'name', c.name) from companies c where c.id = l.company_id),
        'candidate_id', case when audit_tells(l, l.candidate_id, viewer) then l.candidate_id end,
        'detail', nullif(case when viewer = 'candidate' and l.company_id is not null then l.detail - 'link_of'
            else l.detail end, '{}')));
end
$$;

-- --- Groups of companies, in their own profile ----------------------------------------------------------------------------

create or replace function company_json(c companies) returns json
language sql stable
as $$
    select json_build_object(
        'id', c.id, 'legal_name', c.legal_name, 'name', c.name, 'country', c.country, 'vat_id', c.vat_id,
        'website', c.website, 'group', c.corporate_group, 'kind', c.kind,
        'verified', c.verified_at is not null, 'verified_at', rfc3339(c.verified_at),
        'created_at', rfc3339(c.created_at), 'updated_at', rfc3339(c.updated_at), 'version', c.version)
$$;

create or replace function company_editable(c companies) returns jsonb
language sql stable
as $$
    select jsonb_strip_nulls(jsonb_build_object('kind', c.kind, 'legal_name', c.legal_name, 'name', c.name,
        'country', c.country, 'vat_id', c.vat_id, 'website', c.website, 'group', c.corporate_group))
$$;

create or replace function companies_create(new_id uuid, body jsonb, password_hash text, access_hash bytea, refresh_hash bytea)
returns op_result
language plpgsql volatile
as $$
declare
    account uuid := uuid_v7();
    c companies;
    document text;
begin
    insert into accounts (id, kind, email, password_hash, name)
    values (account, 'company', body #>> '{owner,email}', companies_create.password_hash, body #>> '{owner,name}')
    on conflict ((lower(email))) do nothing;
    if not found then
        return op_problem(409, 'email_taken');
    end if;
    insert into companies (id, kind, legal_name, name, country, vat_id, website, corporate_group)
    select new_id, b ->> 'kind', b ->> 'legal_name', b ->> 'name', b ->> 'country', b ->> 'vat_id', b ->> 'website', b ->> 'group'
    from (select body -> 'company' as b) as given
    returning * into c;
    insert into company_members (company_id, account_id, role) values (c.id, account, 'owner');
    perform session_start(account, uuid_v7(), access_hash, refresh_hash);
    document := json_compact(company_json(c));
    return op_ok(201, '{"company":' || document || '}', etag_of(document), '/v1/companies/' || c.id);
end
$$;

create or replace function companies_patch(company uuid, caller_company uuid, caller_kind text, body jsonb, expected integer,
                                           if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    c companies;
    document text;
begin
    select * into c from companies where id = company for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif caller_kind <> 'operator' and company is distinct from caller_company then
        return op_problem(403, 'forbidden');
    elsif not etag_matches(if_match, etag_of(json_compact(company_json(c)))) then
        return op_problem(412, 'precondition_failed');
    elsif c.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if company_editable(c) <> jsonb_strip_nulls(body) then
        update companies set
            kind = body ->> 'kind', legal_name = body ->> 'legal_name', name = body ->> 'name',
            country = body ->> 'country', vat_id = body ->> 'vat_id', website = body ->> 'website',
            corporate_group = body ->> 'group',
            verified_at = case when (legal_name, name, country, vat_id) is not distinct from
                (body ->> 'legal_name', body ->> 'name', body ->> 'country', body ->> 'vat_id') then verified_at end,
            updated_at = now(), version = version + 1
        where id = company returning * into c;
    end if;
    document := json_compact(company_json(c));
    return op_ok(200, document, etag_of(document), null);
end
$$;

-- --- Who may ------------------------------------------------------------------------------------------------------------

create or replace function principal_scopes(kind text, role text) returns text[]
language sql immutable parallel safe
as $$
    select case
        when kind = 'candidate' then array['jobs:read', 'applications:read', 'applications:write', 'profile:read',
            'profile:write', 'tokens:write', 'company:read', 'audit:read']
        when kind = 'operator' then array['jobs:read', 'jobs:write', 'applications:read', 'company:read', 'company:write',
            'profile:read', 'profile:write', 'tokens:write', 'moderation:write', 'audit:read']
        when role = 'viewer' then array['jobs:read', 'applications:read', 'company:read', 'profile:read', 'profile:write',
            'tokens:write']
        when role = 'recruiter' then array['jobs:read', 'jobs:write', 'applications:read', 'applications:write',
            'candidates:read', 'company:read', 'profile:read', 'profile:write', 'tokens:write', 'webhooks:write']
        when role = 'owner' then array['jobs:read', 'jobs:write', 'applications:read', 'applications:write',
            'candidates:read', 'company:read', 'company:write', 'profile:read', 'profile:write', 'tokens:write',
            'webhooks:write', 'audit:read']
        when kind = 'company' then array['jobs:read', 'company:read', 'profile:read', 'profile:write', 'tokens:write']
        else '{}'::text[]
    end
$$;

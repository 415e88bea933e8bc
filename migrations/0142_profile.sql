-- The candidate's profile. candidates.profile stays the one place of it: what PATCH /v1/me and the registration take are some
-- of its members, PUT /v1/me/profile and the import of a JSON Resume write all of them.

comment on column candidates.profile is
    'The profile as the contract describes it (Profile), the members of "basics" among the others, without names and e-mail '
    'address. Birth date, photo, nationality, sex, family state and past pay have no place in it.';

create function never_asked(name text) returns boolean
language sql immutable parallel safe
as $$
    select regexp_replace(lower(name), '[^a-z]', '', 'g') = any (array[
        'birthdate', 'birthday', 'birthplace', 'birthyear', 'dateofbirth', 'dob', 'placeofbirth', 'yearofbirth', 'age',
        'photo', 'photograph', 'picture', 'image', 'avatar', 'portrait', 'nationality', 'citizenship', 'ethnicity', 'race',
        'religion', 'gender', 'sex', 'maritalstatus', 'civilstatus', 'familystatus', 'children', 'pregnancy', 'disability',
        'payhistory', 'salaryhistory', 'currentpay', 'currentsalary', 'lastpay', 'lastsalary', 'previouspay', 'previoussalary',
        'ral', 'datadinascita', 'luogodinascita', 'eta', 'foto', 'fotografia', 'nazionalita', 'cittadinanza', 'sesso',
        'genere', 'statocivile', 'figli', 'gravidanza', 'retribuzioneattuale', 'stipendioattuale'])
$$;
comment on function never_asked(text) is
    'Whether a member of that name would hold what is never asked for nor stored; the server''s table (schema_never_asked.c) is the same.';

create function profile_minimal(profile jsonb) returns boolean
language sql immutable parallel safe
as $$
    select not exists (
        select from jsonb_path_query(profile, '$.** ? (@.type() == "object").keyvalue().key') as k where never_asked(k #>> '{}'))
$$;
comment on function profile_minimal(jsonb) is 'Whether a profile holds nothing, at any depth, that is never asked for.';
alter table candidates drop constraint candidates_profile_minimal,
    add constraint candidates_profile_minimal check (profile_minimal(profile) and not profile ? 'password');

-- --- One profile, two ways to it -----------------------------------------------------------------------------------------

create function profile_account(profile jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_strip_nulls(jsonb_build_object('phone', profile -> 'phone', 'headline', profile -> 'headline',
        'location', profile -> 'location', 'languages', profile -> 'languages', 'tools', profile -> 'tools',
        'soft_skills', profile -> 'soft_skills'))
$$;
comment on function profile_account(jsonb) is 'The members of a profile that are part of the account: GET and PATCH /v1/me.';

create or replace function candidate_json(c candidates, email text, kind text default null) returns json
language plpgsql stable
as $$
declare
    profile jsonb := profile_account(c.profile);
begin
    -- The profile's members are spliced in between: json keeps their order, and nothing is taken apart again.
    return left(json_build_object('kind', kind, 'account_id', case when kind is not null then c.account_id end,
            'id', c.id, 'email', email, 'given_name', c.given_name, 'family_name', c.family_name)::text, -1)
        || case when profile <> '{}' then ', ' || substr(left(profile::text, -1), 2) else '' end
        || ', ' || substr(json_build_object('created_at', rfc3339(c.created_at), 'updated_at', rfc3339(c.updated_at),
            'version', c.version)::text, 2);
end
$$;

create or replace function account_editable(account uuid) returns jsonb
language plpgsql stable
as $$
begin
    return (
        select jsonb_build_object('language', a.lang) || case when d.id is not null
            then jsonb_build_object('given_name', d.given_name, 'family_name', d.family_name) || profile_account(d.profile)
            else jsonb_build_object('name', a.name) end
        from accounts a left join candidates d on d.account_id = a.id
        where a.id = account
    );
end
$$;

create or replace function me_patch(account uuid, body jsonb, expected integer, if_match text[]) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    document text;
begin
    select * into a from accounts where id = account for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(account_json(account)))) then
        return op_problem(412, 'precondition_failed');
    elsif a.version <> expected then
        return op_problem(409, 'version_changed');
    end if;
    if account_editable(account) <> jsonb_strip_nulls(body) then
        update candidates set given_name = body ->> 'given_name', family_name = body ->> 'family_name',
            profile = profile - array['phone', 'headline', 'location', 'languages', 'tools', 'soft_skills']
                || jsonb_strip_nulls(body) - array['email', 'password', 'given_name', 'family_name', 'language'],
            updated_at = now(), version = version + 1
        where account_id = account;
        update accounts set
            name = case when kind = 'candidate' then (body ->> 'given_name') || ' ' || (body ->> 'family_name')
                else body ->> 'name' end,
            lang = body ->> 'language',
            updated_at = now(), version = version + 1
        where id = account;
    end if;
    document := json_compact(account_json(account));
    return op_ok(200, document, etag_of(document), null);
end
$$;

-- --- GET and PUT /v1/me/profile ------------------------------------------------------------------------------------------

create function profile_json(d candidates, email text) returns json
language plpgsql stable
as $$
declare
    p jsonb := d.profile;
begin
    return json_build_object(
        'basics', json_build_object('given_name', d.given_name, 'family_name', d.family_name, 'email', email,
            'headline', p -> 'headline', 'phone', p -> 'phone', 'url', p -> 'url', 'summary', p -> 'summary',
            'location', p -> 'location', 'profiles', p -> 'profiles'),
        'work', p -> 'work', 'volunteer', p -> 'volunteer', 'education', p -> 'education', 'awards', p -> 'awards',
        'certificates', p -> 'certificates', 'publications', p -> 'publications', 'skills', p -> 'skills',
        'interests', p -> 'interests', 'references', p -> 'references', 'projects', p -> 'projects',
        'languages', p -> 'languages', 'tools', p -> 'tools', 'soft_skills', p -> 'soft_skills', 'duties', p -> 'duties',
        'preferences', p -> 'preferences');
end
$$;
comment on function profile_json(candidates, text) is 'The whole profile as its candidate sees and replaces it.';

create function profile_stored(body jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select coalesce(jsonb_object_agg(key, value), '{}')
    from jsonb_each((body - 'basics') || ((body -> 'basics') - array['given_name', 'family_name', 'email']))
    where value not in ('null', '[]', '{}')
$$;
comment on function profile_stored(jsonb) is 'A profile as PUT takes it, in the form of candidates.profile.';

create function profile_violations(profile jsonb) returns jsonb
language plpgsql stable
as $$
begin
    return (
        with broken (pointer, code) as (
            select '/languages/' || n - 1 || '/language', 'duplicate_language'
                from (select n, row_number() over (partition by l ->> 'language' order by n) as nth
                    from jsonb_array_elements(profile -> 'languages') with ordinality as e (l, n)) as e where nth > 1
            union all select '/tools/' || n - 1 || '/name', 'duplicate_tool'
                from (select n, row_number() over (partition by search_tool_key(t ->> 'name') order by n) as nth
                    from jsonb_array_elements(profile -> 'tools') with ordinality as e (t, n)) as e where nth > 1
            union all select '/' || s || '/' || n - 1 || '/end_date', 'profile_dates'
                from unnest(array['work', 'volunteer', 'education', 'projects']) as s,
                    jsonb_array_elements(profile -> s) with ordinality as e (i, n)
                where left(i ->> 'end_date', length(i ->> 'start_date')) < left(i ->> 'start_date', length(i ->> 'end_date'))
        )
        select coalesce(jsonb_agg(violation(pointer, code)), '[]') from broken
    );
end
$$;
comment on function profile_violations(jsonb) is 'What of a profile the contract cannot say: nothing twice, ends after beginnings.';

create function profile_write(d candidates, given text, family text, new_profile jsonb) returns candidates
language plpgsql volatile
as $$
begin
    if (d.given_name, d.family_name, d.profile) is distinct from (given, family, new_profile) then
        update candidates set given_name = given, family_name = family, profile = new_profile, updated_at = now(),
            version = version + 1
        where id = d.id returning * into d;
        update accounts set name = given || ' ' || family, updated_at = now(), version = version + 1 where id = d.account_id;
    end if;
    return d;
end
$$;
comment on function profile_write(candidates, text, text, jsonb) is
    'Stores a profile. The account''s version counts it, too: a PATCH of /v1/me that read before this one begins again.';

create function profile_put(account uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    d candidates;
    errors jsonb;
    document text;
begin
    select * into a from accounts where id = account for update;
    select * into d from candidates where account_id = account for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(profile_json(d, a.email)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    errors := profile_violations(body);
    if lower(body #>> '{basics,email}') <> lower(a.email) then
        errors := errors || violation('/basics/email', 'profile_email');
    end if;
    if errors <> '[]' then
        return op_invalid(violations(errors, lang));
    end if;
    d := profile_write(d, body #>> '{basics,given_name}', body #>> '{basics,family_name}', profile_stored(body));
    document := json_compact(profile_json(d, a.email));
    return op_ok(200, document, etag_of(document));
end
$$;
comment on function profile_put(uuid, jsonb, text[], text) is 'PUT /v1/me/profile.';

-- --- What is missing -----------------------------------------------------------------------------------------------------

create function profile_completeness(p jsonb, lang text) returns json
language plpgsql stable
as $$
begin
    return (
        with wanted (pointer, code, weight, there) as (values
            ('/work', 'profile_work', 13, p ? 'work'),
            ('/work', 'profile_work_dates', 5, p ? 'work' and not exists (
                select from jsonb_array_elements(p -> 'work') as w where not w ? 'start_date' or not w ? 'position')),
            ('/languages', 'profile_languages', 12, p ? 'languages'),
            ('/languages', 'profile_cefr', 4, exists (select from jsonb_array_elements(p -> 'languages') as l where l ? 'cefr')),
            ('/tools', 'profile_tools', 10, jsonb_array_length(p -> 'tools') >= 3),
            ('/basics/headline', 'profile_headline', 8, p ? 'headline'),
            ('/basics/summary', 'profile_summary', 8, p ? 'summary'),
            ('/duties', 'profile_duties', 7, p ? 'duties'),
            ('/education', 'profile_education', 7, p ? 'education'),
            ('/basics/location', 'profile_location', 6, p #> '{location,city}' is not null),
            ('/soft_skills', 'profile_soft_skills', 5, p ? 'soft_skills'),
            ('/preferences/roles', 'profile_roles', 5, p #> '{preferences,roles}' is not null),
            ('/preferences/work_modes', 'profile_work_modes', 3, p #> '{preferences,work_modes}' is not null),
            ('/preferences/available_from', 'profile_available', 3,
                coalesce(p #> '{preferences,available_from}', p #> '{preferences,notice_days}') is not null),
            ('/basics/phone', 'profile_phone', 4, p ? 'phone')
        ), lacking as (
            select pointer, code, weight from wanted where there is not true
        )
        select json_build_object('score', 100 - coalesce(sum(weight), 0), 'missing', coalesce(json_agg(json_build_object(
            'pointer', pointer, 'code', lacking.code, 'weight', weight,
            'detail', case when lang = 'it' then t.it else t.en end) order by weight desc, pointer, lacking.code), '[]'))
        from lacking join rule_texts t on t.code = lacking.code
    );
end
$$;
comment on function profile_completeness(jsonb, text) is 'What a profile lacks. The weights add up to 100.';

insert into rule_texts (code, en, it) values
    ('profile_email', 'The e-mail address is the account''s; POST /v1/me/email changes it.',
        'L''indirizzo e-mail è quello dell''account; si cambia con POST /v1/me/email.'),
    ('profile_dates', 'It ends before it begins.', 'Finisce prima di cominciare.'),
    ('profile_work', 'Say where you have worked, and since when.', 'Indica dove hai lavorato e da quando.'),
    ('profile_work_dates', 'Give each job its position and the date when it began.',
        'Indica per ogni lavoro la posizione e la data di inizio.'),
    ('profile_languages', 'Say which languages you know, and how well.', 'Indica quali lingue conosci, e a che livello.'),
    ('profile_cefr', 'Give the levels of a language by activity: writing is often not as good as reading.',
        'Indica i livelli di una lingua per attività: spesso lo scritto non è pari alla lettura.'),
    ('profile_tools', 'Name at least three digital tools that you work with.',
        'Indica almeno tre strumenti digitali con cui lavori.'),
    ('profile_headline', 'Say in one line who you are at work.', 'Di'' in una riga chi sei al lavoro.'),
    ('profile_summary', 'Say in a few sentences what you do well.', 'Di'' in poche frasi che cosa sai fare bene.'),
    ('profile_duties', 'Say which duties you know.', 'Indica quali mansioni conosci.'),
    ('profile_education', 'Say what you have studied.', 'Indica che cosa hai studiato.'),
    ('profile_location', 'Say in which town you live.', 'Indica in quale città vivi.'),
    ('profile_soft_skills', 'Name your soft skills.', 'Indica le tue competenze trasversali.'),
    ('profile_roles', 'Say which professions you look for.', 'Indica quali professioni cerchi.'),
    ('profile_work_modes', 'Say whether you would work in the office, at home or both.',
        'Indica se lavoreresti in sede, a distanza o in entrambi i modi.'),
    ('profile_available', 'Say from when you could begin.', 'Indica da quando potresti cominciare.'),
    ('profile_phone', 'Give a telephone number.', 'Indica un numero di telefono.');

-- --- JSON Resume (jsonresume.org, schema 1.0.0) ---------------------------------------------------------------------------
-- Keys are renamed in the text of the JSON: a quote within a string is escaped there, so that "start_date": is always a key.

create function resume_names(part jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select replace(replace(replace(replace(part::text, '"start_date": ', '"startDate": '), '"end_date": ', '"endDate": '),
        '"study_type": ', '"studyType": '), '"release_date": ', '"releaseDate": ')::jsonb
$$;

create function resume_blanks_empty(body jsonb) returns jsonb
language sql immutable parallel safe
as $$ select regexp_replace(body::text, '": "([[:space:]]|\\[nrt])+"', '": ""', 'g')::jsonb $$;
comment on function resume_blanks_empty(jsonb) is 'A text of spaces alone says nothing, like an empty one, and a profile has neither.';

create function resume_own_names(part jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select replace(replace(replace(replace(part::text, '"startDate": ', '"start_date": '), '"endDate": ', '"end_date": '),
        '"studyType": ', '"study_type": '), '"releaseDate": ', '"release_date": ')::jsonb
$$;
comment on function resume_names(jsonb) is 'Names of this API''s members as JSON Resume has them.';
comment on function resume_own_names(jsonb) is 'Names of JSON Resume''s members as this API has them.';

create function resume_json(d candidates, email text) returns json
language plpgsql stable
as $$
declare
    p jsonb := resume_names(d.profile - 'preferences');
begin
    return json_build_object(
        '$schema', 'https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json',
        'basics', json_build_object('name', d.given_name || ' ' || d.family_name, 'label', p -> 'headline', 'email', email,
            'phone', p -> 'phone', 'url', p -> 'url', 'summary', p -> 'summary',
            'location', case when p ? 'location' then json_build_object('postalCode', p #> '{location,postal_code}',
                'city', p #> '{location,city}', 'countryCode', p #> '{location,country}',
                'region', p #> '{location,region}') end,
            'profiles', p -> 'profiles'),
        'work', p -> 'work', 'volunteer', p -> 'volunteer', 'education', p -> 'education', 'awards', p -> 'awards',
        'certificates', p -> 'certificates', 'publications', p -> 'publications', 'skills', p -> 'skills',
        'languages', (select json_agg(json_build_object('language', coalesce(t.en, l ->> 'language'), 'fluency', l -> 'level',
                'languageCode', l -> 'language', 'cefr', jsonb_build_object('level', l -> 'level') || coalesce(l -> 'cefr', '{}'))
                order by n)
            from jsonb_array_elements(p -> 'languages') with ordinality as e (l, n)
            left join languages t on t.code = l ->> 'language'),
        'interests', p -> 'interests', 'references', p -> 'references', 'projects', p -> 'projects',
        'meta', json_build_object('version', 'v1.0.0', 'lastModified', to_char(d.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS'),
            'segreteria', json_build_object('tools', p -> 'tools', 'soft_skills', p -> 'soft_skills', 'duties', p -> 'duties',
                'preferences', d.profile -> 'preferences')));
end
$$;
comment on function resume_json(candidates, text) is 'The profile as a JSON Resume document.';

create function resume_level(fluency text) returns text
language sql immutable parallel safe
as $$
    select coalesce(upper(substring(fluency from '(?:^|[^A-Za-z0-9])([ABCabc][12])(?:$|[^A-Za-z0-9])')), (
        select level from (values
            (1, 'C2', '(native|mother tongue|bilingual|madrelingua|bilingue)'),
            (2, 'C1', '(fluent|full professional|proficient|fluente|ottim|eccellente|excellent)'),
            (3, 'B2', '(professional|advanced|upper intermediate|avanzat|buon|good)'),
            (4, 'B1', '(limited working|intermediate|intermedi|discret|conversational)'),
            (5, 'A2', '(elementary|basic|elementar|base|scolastic)'),
            (6, 'A1', '(beginner|principiante)')) as t (n, level, pattern)
        where search_fold(fluency) ~ pattern
        -- "limited working proficiency" is not professional, "upper intermediate" not intermediate
        order by search_fold(fluency) ~ 'limited' and level = 'B1' desc, n limit 1))
$$;
comment on function resume_level(text) is 'The CEFR level that a JSON Resume''s "fluency" tells, or NULL.';

create function resume_languages(items jsonb) returns table (n integer, item jsonb, code text)
language sql stable
as $$
    select (e.n - 1)::integer,
        jsonb_strip_nulls(jsonb_build_object('language', coalesce(l ->> 'languageCode', t.code), 'level', k.level,
            'cefr', nullif(coalesce(l -> 'cefr', '{}') - 'level', '{}'))),
        case when coalesce(l ->> 'languageCode', t.code) is null then 'resume_language' when k.level is null then 'resume_level' end
    from jsonb_array_elements(items) with ordinality as e (l, n)
    left join lateral (select c.code from languages c
        where search_fold(l ->> 'language') in (c.code, search_fold(c.en), search_fold(c.it))
        order by c.position limit 1) as t on true
    cross join lateral (select coalesce(l #>> '{cefr,level}', resume_level(l ->> 'fluency')) as level) as k
$$;
comment on function resume_languages(jsonb) is 'The languages of a JSON Resume as this API has them; code: why one cannot be taken over.';

-- What a JSON Resume says of each member of each section's items, and whether it is kept.
create function resume_members(body jsonb) returns table (section text, n integer, key text, value jsonb, code text)
language sql stable
as $$
    select s.section, (i.n - 1)::integer, m.key, m.value,
        case when never_asked(m.key) then 'never_asked' when m.key <> all (string_to_array(s.keys, ' ')) then 'resume_member'
            when s.section = 'certificates' and m.key = 'date' and not is_day(m.value #>> '{}') and m.value <> '""' then 'resume_day' end
    from (values
        ('work', 'name position location description url startDate endDate summary highlights'),
        ('volunteer', 'organization position url startDate endDate summary highlights'),
        ('education', 'institution area studyType url startDate endDate score courses'),
        ('awards', 'title date awarder summary'), ('certificates', 'name date url issuer'),
        ('publications', 'name publisher releaseDate url summary'), ('skills', 'name level keywords'),
        ('interests', 'name keywords'), ('references', 'name reference'),
        ('projects', 'name description highlights keywords startDate endDate url roles entity type')) as s (section, keys),
        jsonb_array_elements(body -> s.section) with ordinality as i (item, n), jsonb_each(i.item) as m
$$;
comment on function resume_members(jsonb) is 'The members of a JSON Resume''s lists; code: why one is not kept.';

create function phone_fits(number text) returns boolean
language sql immutable parallel safe
as $$ select coalesce(number ~ '^\+?[0-9][0-9 ()./-]{4,29}$', false) $$;
comment on function phone_fits(text) is 'Whether it is a telephone number as the contract has them (PhoneNumber).';

create function pointer_token(name text) returns text
language sql immutable parallel safe
as $$ select replace(replace(name, '~', '~0'), '/', '~1') $$;
comment on function pointer_token(text) is 'A name as a step of a JSON Pointer (RFC 6901).';

create function resume_dropped(body jsonb, d candidates, email text, lang text) returns jsonb
language plpgsql stable
as $$
declare
    basics jsonb := coalesce(body -> 'basics', '{}');
begin
    return (
        with dropped (pointer, code) as (
            select '/basics/' || pointer_token(k), case when never_asked(k) then 'never_asked' else 'resume_member' end
                from jsonb_object_keys(basics) as k
                where k not in ('name', 'label', 'email', 'phone', 'url', 'summary', 'location', 'profiles')
                    and basics -> k not in ('""', 'null')
            union all select '/basics/name', 'resume_account'
                where basics ->> 'name' not in ('', d.given_name || ' ' || d.family_name)
            union all select '/basics/email', 'resume_account'
                where lower(basics ->> 'email') not in ('', lower(resume_dropped.email))
            union all select '/basics/phone', 'resume_phone' where basics ->> 'phone' <> '' and not phone_fits(basics ->> 'phone')
            union all select '/basics/location/' || pointer_token(k), 'resume_member'
                from jsonb_object_keys(coalesce(basics -> 'location', '{}')) as k
                where k not in ('postalCode', 'city', 'countryCode', 'region') and basics #> array['location', k] <> '""'
            union all select '/basics/location', 'resume_country'
                where basics ? 'location' and coalesce(basics #>> '{location,countryCode}', '') = ''
            union all select '/basics/profiles/' || n - 1 || '/' || pointer_token(k), 'resume_member'
                from jsonb_array_elements(basics -> 'profiles') with ordinality as e (p, n), jsonb_object_keys(p) as k
                where k not in ('network', 'username', 'url')
            union all select '/' || section || '/' || n || '/' || pointer_token(key), resume_members.code
                from resume_members(body) where resume_members.code is not null
            union all select '/languages/' || n, resume_languages.code
                from resume_languages(body -> 'languages') where resume_languages.code is not null
            union all select '/languages/' || n - 1 || '/' || pointer_token(k), 'resume_member'
                from jsonb_array_elements(body -> 'languages') with ordinality as e (l, n), jsonb_object_keys(l) as k
                where k not in ('language', 'fluency', 'languageCode', 'cefr')
        )
        select violations(coalesce(jsonb_agg(violation(pointer, code) order by pointer), '[]'), lang)
        from dropped
    );
end
$$;
comment on function resume_dropped(jsonb, candidates, text, text) is 'What an import does not take over of a JSON Resume, and why.';

create function resume_profile(body jsonb, old_profile jsonb) returns jsonb
language plpgsql stable
as $$
declare
    basics jsonb := coalesce(body -> 'basics', '{}');
    own jsonb := coalesce(body #> '{meta,segreteria}',
        jsonb_strip_nulls(jsonb_build_object('tools', old_profile -> 'tools', 'soft_skills', old_profile -> 'soft_skills',
            'duties', old_profile -> 'duties', 'preferences', old_profile -> 'preferences')));
    sections jsonb;
begin
    select jsonb_object_agg(section, items) into sections from (
        select section, jsonb_agg(resume_own_names(item) order by n) as items from (
            select section, n, jsonb_object_agg(key, value) as item from resume_members(body)
            where code is null and value not in ('""', '[]') group by section, n) as kept
        group by section) as listed;
    return profile_stored(coalesce(sections, '{}') || own || jsonb_build_object(
        'languages', (select jsonb_agg(item order by n) from resume_languages(body -> 'languages') where code is null),
        'basics', jsonb_strip_nulls(jsonb_build_object('headline', nullif(basics ->> 'label', ''),
            'phone', case when phone_fits(basics ->> 'phone') then basics -> 'phone' end, 'url', nullif(basics ->> 'url', ''),
            'summary', nullif(basics ->> 'summary', ''),
            'location', case when basics #>> '{location,countryCode}' <> '' then jsonb_strip_nulls(jsonb_build_object(
                'country', basics #> '{location,countryCode}', 'region', nullif(basics #>> '{location,region}', ''),
                'city', nullif(basics #>> '{location,city}', ''),
                'postal_code', nullif(basics #>> '{location,postalCode}', ''))) end,
            'profiles', (select jsonb_agg(q order by n) from (
                select n, jsonb_strip_nulls(jsonb_build_object('network', nullif(p ->> 'network', ''),
                    'username', nullif(p ->> 'username', ''), 'url', nullif(p ->> 'url', ''))) as q
                from jsonb_array_elements(basics -> 'profiles') with ordinality as e (p, n)) as links where q <> '{}')))));
end
$$;
comment on function resume_profile(jsonb, jsonb) is
    'The profile that a JSON Resume describes. What only this server knows stays as it was unless meta.segreteria says it.';

create function profile_import(account uuid, body jsonb, if_match text[], lang text) returns op_result
language plpgsql volatile
as $$
declare
    a accounts;
    d candidates;
    new_profile jsonb;
    dropped jsonb;
    errors jsonb;
begin
    select * into a from accounts where id = account for update;
    select * into d from candidates where account_id = account for update;
    if not found then
        return op_problem(404, 'not_found');
    elsif not etag_matches(if_match, etag_of(json_compact(resume_json(d, a.email)))) then
        return op_problem(412, 'precondition_failed');
    end if;
    body := resume_blanks_empty(body);
    new_profile := resume_profile(body, d.profile);
    -- Coordinates stay with their town.
    if new_profile ? 'location' and d.profile #>> '{location,city}' = new_profile #>> '{location,city}'
            and d.profile #>> '{location,country}' = new_profile #>> '{location,country}' then
        new_profile := jsonb_set(new_profile, '{location}', new_profile -> 'location' || jsonb_strip_nulls(jsonb_build_object(
            'latitude', d.profile #> '{location,latitude}', 'longitude', d.profile #> '{location,longitude}')));
    end if;
    dropped := resume_dropped(body, d, a.email, lang);
    select coalesce(jsonb_agg(case when split_part(e ->> 'pointer', '/', 2) = 'tools'
            then e || jsonb_build_object('pointer', '/meta/segreteria' || (e ->> 'pointer')) else e end), '[]')
    into errors from jsonb_array_elements(profile_violations(new_profile)) as e;
    if errors <> '[]' then
        return op_invalid(violations(errors, lang));
    end if;
    d := profile_write(d, d.given_name, d.family_name, new_profile);
    return op_ok(200, json_compact(json_build_object('profile', profile_json(d, a.email), 'dropped', dropped)),
        etag_of(json_compact(resume_json(d, a.email))));
end
$$;
comment on function profile_import(uuid, jsonb, text[], text) is
    'PUT /v1/me/profile/json-resume. The entity tag is that of the document the next export would give.';

insert into rule_texts (code, en, it) values
    ('never_asked', 'This is neither asked for nor kept.', 'Questo dato non è richiesto e non viene conservato.'),
    ('resume_member', 'This server has no place for it.', 'Questo server non ha un posto per questo dato.'),
    ('resume_account', 'Name and e-mail address stay those of the account.',
        'Nome e indirizzo e-mail restano quelli dell''account.'),
    ('resume_phone', 'A telephone number begins with a digit or +, and has digits.',
        'Un numero di telefono comincia con una cifra o + e contiene cifre.'),
    ('resume_country', 'A place needs a countryCode.', 'Un luogo richiede countryCode.'),
    ('resume_day', 'The date of a certificate is a whole day.', 'La data di un certificato è un giorno intero.'),
    ('resume_language', 'This is not the name or the code of a language known here.',
        'Non è il nome né il codice di una lingua conosciuta.'),
    ('resume_level', 'The fluency tells no CEFR level, such as B2.', 'La padronanza non indica un livello QCER, come B2.');

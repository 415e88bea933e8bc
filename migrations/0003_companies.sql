-- Companies and their members, candidates, and what each account sees of itself.

create table companies (
    id          uuid primary key,
    kind        text not null,
    legal_name  text not null,
    name        text not null,
    country     text not null,
    vat_id      text,
    website     text,
    verified_at timestamptz,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    version     integer not null default 1,
    constraint companies_kind_known check (kind in ('employer', 'agency')),
    constraint companies_country_form check (country ~ '^[A-Z]{2}$'),
    constraint companies_name_length check (length(name) between 1 and 200),
    constraint companies_legal_name_length check (length(legal_name) between 1 and 300)
);
comment on table companies is 'Who advertises vacancies, always under its own name (art. 9 D.Lgs. 276/2003).';
comment on column companies.kind is 'employer: hires for itself; agency: hires for others.';
comment on column companies.verified_at is 'When an operator checked who it is; a change of legal name, country or VAT id takes it back.';

create table company_members (
    id         uuid primary key default uuid_v7(),
    company_id uuid not null references companies (id) on delete cascade,
    account_id uuid not null references accounts (id) on delete cascade,
    role       text not null,
    created_at timestamptz not null default now(),
    constraint company_members_account_id_one_company unique (account_id),
    constraint company_members_role_known check (role in ('owner', 'recruiter', 'viewer'))
);
create index company_members_company on company_members (company_id);
comment on table company_members is 'The accounts of a company; an account belongs to one company.';

-- Never without an owner. Deferred, so that an owner can be replaced in one transaction; the company's row is locked, so
-- that two owners who leave at the same moment cannot both see the other.
create function company_members_keep_owner() returns trigger
language plpgsql
as $$
declare
    company uuid;
begin
    if tg_table_name = 'companies' then
        company := new.id;
    else
        company := old.company_id;
    end if;
    perform from companies where id = company for update;
    if found and not exists (select from company_members where company_id = company and role = 'owner') then
        raise exception using errcode = 'check_violation', constraint = 'company_members_role_owner_left',
            message = 'a company has at least one owner';
    end if;
    return null;
end
$$;
create constraint trigger company_members_keep_owner after delete or update of role, company_id on company_members
    deferrable initially deferred for each row execute function company_members_keep_owner();
create constraint trigger companies_have_owner after insert on companies
    deferrable initially deferred for each row execute function company_members_keep_owner();

create table candidates (
    id          uuid primary key,
    account_id  uuid not null unique references accounts (id) on delete cascade,
    given_name  text not null,
    family_name text not null,
    profile     jsonb not null default '{}',
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    version     integer not null default 1,
    constraint candidates_given_name_length check (length(given_name) between 1 and 100),
    constraint candidates_family_name_length check (length(family_name) between 1 and 100),
    constraint candidates_profile_object check (jsonb_typeof(profile) = 'object'),
    constraint candidates_profile_minimal check (not profile ?| array['birth_date', 'photo', 'nationality', 'gender',
        'marital_status', 'salary_history', 'password'])
);
comment on table candidates is 'Assistants who look for work.';
comment on column candidates.profile is
    'The rest of the profile as the contract describes it (headline, phone, location, languages, tools ...).';

create function company_json(c companies) returns json
language sql stable
as $$
    select json_build_object(
        'id', c.id, 'legal_name', c.legal_name, 'name', c.name, 'country', c.country, 'vat_id', c.vat_id,
        'website', c.website, 'kind', c.kind,
        'verified', c.verified_at is not null, 'verified_at', rfc3339(c.verified_at),
        'created_at', rfc3339(c.created_at), 'updated_at', rfc3339(c.updated_at), 'version', c.version)
$$;
comment on function company_json(companies) is 'A company as everybody sees it.';

create function company_editable(c companies) returns jsonb
language sql stable
as $$
    select jsonb_strip_nulls(jsonb_build_object('kind', c.kind, 'legal_name', c.legal_name, 'name', c.name,
        'country', c.country, 'vat_id', c.vat_id, 'website', c.website))
$$;
comment on function company_editable(companies) is 'The members of a company that PATCH changes, as the client wrote them.';

create function candidate_json(c candidates, email text, kind text default null) returns json
language plpgsql stable
as $$
begin
    -- The profile's members are spliced in between: json keeps their order, and nothing is taken apart again.
    return left(json_build_object('kind', kind, 'account_id', case when kind is not null then c.account_id end,
            'id', c.id, 'email', email, 'given_name', c.given_name, 'family_name', c.family_name)::text, -1)
        || case when c.profile <> '{}' then ', ' || substr(left(c.profile::text, -1), 2) else '' end
        || ', ' || substr(json_build_object('created_at', rfc3339(c.created_at), 'updated_at', rfc3339(c.updated_at),
            'version', c.version)::text, 2);
end
$$;
comment on function candidate_json(candidates, text, text) is
    'A candidate as it sees itself; with a kind, as the account it is.';

create function account_json(account uuid) returns json
language plpgsql stable
as $$
begin
    return (
        select case
            when d.id is not null then candidate_json(d, a.email, a.kind)
            else json_build_object('kind', a.kind, 'account_id', a.id, 'email', a.email, 'name', a.name,
                'company', case when c.id is not null then json_build_object('id', c.id, 'name', c.name) end, 'role', m.role)
            end
        from accounts a
        left join company_members m on m.account_id = a.id
        left join companies c on c.id = m.company_id
        left join candidates d on d.account_id = a.id
        where a.id = account
    );
end
$$;
comment on function account_json(uuid) is 'An account as it sees itself (GET /v1/me), by its kind.';

create function account_editable(account uuid) returns jsonb
language plpgsql stable
as $$
begin
    return (
        select case when d.id is not null
            then jsonb_build_object('given_name', d.given_name, 'family_name', d.family_name) || d.profile
            else jsonb_build_object('name', a.name) end
        from accounts a left join candidates d on d.account_id = a.id
        where a.id = account
    );
end
$$;
comment on function account_editable(uuid) is 'What PATCH /v1/me changes: a member''s name, a candidate''s profile.';

create function companies_create(new_id uuid, body jsonb, password_hash text, access_hash bytea, refresh_hash bytea)
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
    insert into companies (id, kind, legal_name, name, country, vat_id, website)
    select new_id, b ->> 'kind', b ->> 'legal_name', b ->> 'name', b ->> 'country', b ->> 'vat_id', b ->> 'website'
    from (select body -> 'company' as b) as given
    returning * into c;
    insert into company_members (company_id, account_id, role) values (c.id, account, 'owner');
    perform session_start(account, uuid_v7(), access_hash, refresh_hash);
    document := json_compact(company_json(c));
    return op_ok(201, '{"company":' || document || '}', etag_of(document), '/v1/companies/' || c.id);
end
$$;
comment on function companies_create(uuid, jsonb, text, bytea, bytea) is
    'Registers a company with its owner and a session. body.owner.password is never read: the hash came beside it.';

create function candidates_create(new_id uuid, body jsonb, password_hash text, access_hash bytea, refresh_hash bytea)
returns op_result
language plpgsql volatile
as $$
declare
    account uuid := uuid_v7();
    c candidates;
begin
    insert into accounts (id, kind, email, password_hash, name)
    values (account, 'candidate', body ->> 'email', candidates_create.password_hash,
        (body ->> 'given_name') || ' ' || (body ->> 'family_name'))
    on conflict ((lower(email))) do nothing;
    if not found then
        return op_problem(409, 'email_taken');
    end if;
    insert into candidates (id, account_id, given_name, family_name, profile)
    values (new_id, account, body ->> 'given_name', body ->> 'family_name',
        jsonb_strip_nulls(body) - array['email', 'password', 'given_name', 'family_name'])
    returning * into c;
    perform session_start(account, uuid_v7(), access_hash, refresh_hash);
    return op_ok(201,
        json_compact(json_build_object('candidate', candidate_json(c, body ->> 'email'))), null, '/v1/me');
end
$$;
comment on function candidates_create(uuid, jsonb, text, bytea, bytea) is 'Registers a candidate with a session.';

create function sessions_create(account uuid, session uuid, access_hash bytea, refresh_hash bytea) returns op_result
language plpgsql volatile
as $$
begin
    if not exists (select from accounts where id = account and disabled_at is null) then
        return op_problem(401, 'invalid_credentials');
    end if;
    perform session_start(account, session, access_hash, refresh_hash);
    return op_ok(201, json_compact(json_build_object('account', account_json(account))), null, null);
end
$$;
comment on function sessions_create(uuid, uuid, bytea, bytea) is 'A login whose password the server has verified.';

create function companies_patch(company uuid, caller_company uuid, caller_kind text, body jsonb, expected integer,
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
            verified_at = case when (legal_name, country, vat_id)
                is not distinct from (body ->> 'legal_name', body ->> 'country', body ->> 'vat_id') then verified_at end,
            updated_at = now(), version = version + 1
        where id = company returning * into c;
    end if;
    document := json_compact(company_json(c));
    return op_ok(200, document, etag_of(document), null);
end
$$;
comment on function companies_patch(uuid, uuid, text, jsonb, integer, text[]) is
    'Replaces the editable part of a company. 409 version_changed: not the version that was read; read again.';

create function me_patch(account uuid, body jsonb, expected integer, if_match text[]) returns op_result
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
            profile = jsonb_strip_nulls(body) - array['email', 'password', 'given_name', 'family_name'],
            updated_at = now(), version = version + 1
        where account_id = account;
        update accounts set
            name = case when kind = 'candidate' then (body ->> 'given_name') || ' ' || (body ->> 'family_name')
                else body ->> 'name' end,
            updated_at = now(), version = version + 1
        where id = account;
    end if;
    document := json_compact(account_json(account));
    return op_ok(200, document, etag_of(document), null);
end
$$;
comment on function me_patch(uuid, jsonb, integer, text[]) is 'Replaces what an account may edit of itself.';

insert into rule_texts (code, en, it) values
    ('owner_left', 'A company has at least one owner.', 'Un''azienda ha almeno un titolare.'),
    ('country_form', 'A country is a two-letter ISO 3166-1 code.', 'Un paese è un codice ISO 3166-1 di due lettere.'),
    ('profile_minimal', 'This is not asked for and not stored.', 'Questo dato non è richiesto e non viene conservato.');

insert into constraint_rules (constraint_name, pointer, code) values
    ('company_members_role_owner_left', '/role', 'owner_left'),
    ('companies_country_form', '/country', 'country_form'),
    ('companies_name_length', '/name', 'name_length'),
    ('companies_legal_name_length', '/legal_name', 'name_length'),
    ('candidates_given_name_length', '/given_name', 'name_length'),
    ('candidates_family_name_length', '/family_name', 'name_length'),
    ('candidates_profile_minimal', '', 'profile_minimal');

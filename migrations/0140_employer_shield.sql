-- The employer shield: companies that a candidate never wants to be seen by. Each entry names one by id, VAT number, domain
-- of its members' e-mail addresses, domain of its website, or the group of companies it belongs to. What a company is
-- known by is looked at when the question is asked: a company that takes a shielded VAT number is shut out in that moment.

alter table companies add column corporate_group text,
    add constraint companies_corporate_group_length check (length(corporate_group) between 1 and 200);
comment on column companies.corporate_group is
    'The group of companies it belongs to, as it calls it. Candidates who shield the group are hidden from it.';

create function shield_fold(value text) returns text
language sql immutable parallel safe
as $$ select nullif(lower(regexp_replace(btrim(value), '[[:space:]]+', ' ', 'g')), '') $$;
comment on function shield_fold(text) is 'A group''s name as it is compared: without regard to case and runs of spaces.';

create function vat_fold(vat_id text) returns text
language sql immutable parallel safe
as $$ select nullif(upper(regexp_replace(vat_id, '[^A-Za-z0-9]', '', 'g')), '') $$;
comment on function vat_fold(text) is 'A VAT number as it is compared: letters and digits only, capitals.';

create function vat_names(vat_id text, country text) returns setof text
language sql immutable parallel safe
as $$
    select v from (select vat_fold(vat_id) as folded offset 0) as f,
        unnest(case when folded ~ '^[A-Z]{2}.' then array[folded, substr(folded, 3)] else array[country || folded, folded] end) as v
    where v <> ''
$$;
comment on function vat_names(text, text) is 'What a VAT number can be called: with its country''s letters and without.';

create function domain_fold(address text) returns text
language sql immutable parallel safe
as $$
    select nullif(regexp_replace(rtrim(split_part(regexp_replace(regexp_replace(lower(btrim(address)),
        '^[a-z][a-z0-9+.-]*://', ''), '^[^/?#]*@', ''), '/', 1), '.'), '(^www[.])|([?#:].*$)', '', 'g'), '')
$$;
comment on function domain_fold(text) is 'The domain in a URL, an e-mail address or a bare name: small letters, no "www.", no port.';

create function domain_names(domain text) returns setof text
language sql immutable parallel safe
as $$
    select array_to_string(labels[n:], '.')
    from (select string_to_array(domain, '.') as labels offset 0) as d, generate_series(1, greatest(cardinality(labels) - 1, 1)) as n
    where domain is not null
$$;
comment on function domain_names(text) is 'A domain and those it is part of: hr.acme.example, acme.example.';

-- Past marks stay: a company does not slip out of a shield by changing its own VAT number, website or group for a day.
create table company_marks (
    company_id uuid not null references companies (id) on delete cascade,
    kind       text not null,
    value      text not null,
    since      timestamptz not null default now(),
    primary key (company_id, kind, value),
    constraint company_marks_kind_known check (kind in ('company', 'vat_id', 'website_domain', 'group'))
);
comment on table company_marks is
    'What a company is and was known by, as employer shields name it. Members'' e-mail domains are not here: they are looked '
    'up as they are.';

create table employer_shield (
    candidate_id uuid not null references candidates (id) on delete cascade,
    position     smallint not null,
    kind         text not null,
    value        text not null,
    given        text not null,
    created_at   timestamptz not null default now(),
    primary key (candidate_id, kind, value),
    constraint employer_shield_position_range check (position between 1 and 200),
    constraint employer_shield_kind_known check (kind in ('company', 'vat_id', 'email_domain', 'website_domain', 'group')),
    constraint employer_shield_value_length check (length(value) between 1 and 300)
);
create index employer_shield_value on employer_shield (kind, value);
comment on table employer_shield is 'Companies that must never see a candidate, nor learn that it is there.';
comment on column employer_shield.value is 'What is compared: an id, or a folded VAT number, domain or name.';
comment on column employer_shield.given is 'What the candidate wrote.';

create function company_marks_keep() returns trigger
language plpgsql
as $$
begin
    insert into company_marks (company_id, kind, value)
    select new.id, 'company', new.id::text
    union
    select new.id, 'vat_id', v from vat_names(new.vat_id, new.country) as v
    union
    select new.id, 'website_domain', v from domain_names(domain_fold(new.website)) as v where v <> ''
    union
    select new.id, 'group', g from shield_fold(new.corporate_group) as g where g is not null
    on conflict do nothing;
    return null;
end
$$;
comment on function company_marks_keep() is 'Adds what a company is known by now.';
create trigger companies_marks after insert or update of vat_id, country, website, corporate_group on companies
    for each row execute function company_marks_keep();

insert into company_marks (company_id, kind, value)
select c.id, 'company', c.id::text from companies c
union
select c.id, 'vat_id', v from companies c, vat_names(c.vat_id, c.country) as v
union
select c.id, 'website_domain', v from companies c, domain_names(domain_fold(c.website)) as v where v <> '';

create function shield_candidates(company uuid) returns setof uuid
language sql stable
as $$
    select s.candidate_id from company_marks k join employer_shield s on (s.kind, s.value) = (k.kind, k.value)
    where k.company_id = company
    union
    select s.candidate_id
    from company_members m join accounts a on a.id = m.account_id
        cross join lateral domain_names(domain_fold(a.email)) as d
        join employer_shield s on s.kind = 'email_domain' and s.value = d
    where m.company_id = company
$$;
comment on function shield_candidates(uuid) is
    'The candidates who shield themselves from a company; for listings: candidate_id <> all (array(select ...)).';

create function shield_hides(candidate uuid, company uuid) returns boolean
language plpgsql stable
as $$
begin
    -- Most candidates shield themselves from nobody: one probe of an index says so.
    return exists (select from employer_shield s where s.candidate_id = candidate)
        and (exists (select from employer_shield s join company_marks k on (k.kind, k.value) = (s.kind, s.value)
                where s.candidate_id = candidate and k.company_id = company)
            or exists (select from company_members m join accounts a on a.id = m.account_id
                cross join lateral domain_names(domain_fold(a.email)) as d
                join employer_shield s on s.candidate_id = candidate and s.kind = 'email_domain' and s.value = d
                where m.company_id = company));
end
$$;
comment on function shield_hides(uuid, uuid) is
    'Whether a candidate shields itself from a company. Such a company does not see it anywhere: not in lists, not by id (404), '
    'not in counts, exports or searches, and not the applications it sent before either, for as long as the entry stands. The '
    'candidate keeps seeing those. Nor can it apply there.';

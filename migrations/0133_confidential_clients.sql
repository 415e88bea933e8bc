-- An agency may advertise for a client that the ad does not name. The ad then names the agency, which must be verified where
-- the country's rules ask for that; who the client is, is stored with the vacancy, for the agency and for operators alone.
-- It is in no document, card, search row, label or stored answer: those are made member by member, and do not have it.

alter table country_rules add column confidential_client text,
    add column sources jsonb not null default '{}',
    add constraint country_rules_confidential_client_known check (confidential_client in ('verified_agency'));
comment on column country_rules.confidential_client is
    'Who may advertise for a client that is not named: verified_agency, which is named itself; NULL: the country asks nothing.';
comment on column country_rules.sources is 'The law behind each rule, by the name of its column.';
update country_rules set confidential_client = 'verified_agency', sources = jsonb_build_object(
    'salary_required', 'Directive (EU) 2023/970, art. 5, and its Italian transposition of 1 June 2026',
    'valid_through_required', 'art. 9 D.Lgs. 276/2003: an ad is of work that is to be had',
    'equal_opportunity', 'art. 27 D.Lgs. 198/2006, D.Lgs. 215/2003, D.Lgs. 216/2003',
    'confidential_client', 'art. 9 D.Lgs. 276/2003')
where country = 'IT';

alter table jobs add column confidential_client boolean not null default false, add column client jsonb,
    add constraint jobs_client_form check (client is null or (jsonb_typeof(client) = 'object'
        and client ?& array['legal_name', 'vat_id', 'country'] and client - '{legal_name,vat_id,country}'::text[] = '{}'));
comment on column jobs.confidential_client is 'The work is with a client of the agency that is not named.';
comment on column jobs.client is
    'The true employer, {legal_name, vat_id, country}: for the agency and, recorded in the audit trail, for operators. Nobody else.';

insert into rule_texts (code, en, it) values
    ('publish_client_verified_agency',
        'Only an agency whose identity was verified may advertise for a client without naming it; it is named itself (art. 9 D.Lgs. 276/2003). All others advertise under the employer''s own name.',
        'Solo un''agenzia di cui è stata verificata l''identità può pubblicare per un cliente senza nominarlo; compare con il proprio nome (art. 9 D.Lgs. 276/2003). Tutti gli altri pubblicano con il nome del datore di lavoro.'),
    ('publish_client_required', 'Say who the client is: it is kept for the authorities and not shown (art. 9 D.Lgs. 276/2003).',
        'Indicare chi è il cliente: il dato è conservato per le autorità e non viene mostrato (art. 9 D.Lgs. 276/2003).'),
    ('client_not_confidential', 'A client is named here only if confidential_client is true.',
        'Qui si indica un cliente solo se confidential_client è true.');

create or replace function job_violations(j jobs, company_country text, lang text) returns jsonb
language plpgsql stable
as $$
declare
    public boolean := j.status in ('published', 'in_review');
    rule country_rules;
    broken jsonb := '[]';
begin
    if j.salary_min > j.salary_max then
        broken := broken || violation('/salary/max', 'salary_min_le_max');
    end if;
    if coalesce(j.salary_min, j.salary_max) is not null and (j.salary_currency is null or j.salary_unit is null) then
        broken := broken || violation('/salary', 'salary_whole');
    end if;
    if j.work_mode = 'remote' and j.office_days_per_week > 0 then
        broken := broken || violation('/office_days_per_week', 'office_days_remote');
    end if;
    if (j.latitude is null) <> (j.longitude is null) then
        broken := broken || violation('/location', 'coordinates_both');
    end if;
    if j.role is not null and not exists (select from roles where code = j.role) then
        broken := broken || violation('/role', 'unknown_role');
    end if;
    if j.close_reason is not null and j.status not in ('closed', 'expired', 'removed') then
        broken := broken || violation('/close_reason', 'close_reason_when_ended');
    end if;
    if j.client is not null and not j.confidential_client then
        broken := broken || violation('/client', 'client_not_confidential');
    end if;
    broken := broken || job_list_violations(j);
    -- The publish gate: what makes no sense to publish anywhere, and what the country asks for.
    if public and coalesce(j.description, '') !~ '[^[:space:]]' then
        broken := broken || violation('/description', 'publish_description_required');
    end if;
    if public and j.valid_through < utc_today() then
        broken := broken || violation('/valid_through', 'publish_valid_through_past');
    end if;
    if public then
        select * into rule from country_rules where country = coalesce(j.country, company_country);
        if rule.salary_required and coalesce(j.salary_min, j.salary_max) is null then
            broken := broken || violation('/salary', 'publish_salary_required');
        end if;
        if rule.valid_through_required and j.valid_through is null then
            broken := broken || violation('/valid_through', 'publish_valid_through_required');
        end if;
        if rule.confidential_client is not null and j.confidential_client then
            if not job_client_allowed(j.company_id) then
                broken := broken || violation('/confidential_client', 'publish_client_verified_agency');
            end if;
            if j.client is null then
                broken := broken || violation('/client', 'publish_client_required');
            end if;
        end if;
    end if;
    return violations(broken, lang);
end
$$;

create function job_client_allowed(company uuid) returns boolean
language sql stable
as $$
    select coalesce((select c.kind = 'agency' and c.verified_at is not null from companies c where c.id = company), false)
$$;
comment on function job_client_allowed(uuid) is 'Whether a company may advertise for clients that it does not name.';

-- The functions answer politely before this must. A verification that is being withdrawn is waited for, and waits.
create function jobs_check_client() returns trigger
language plpgsql
as $$
begin
    perform from companies c where c.id = new.company_id for share;
    if not job_client_allowed(new.company_id) and exists (select from country_rules r, companies c
            where c.id = new.company_id and r.country = coalesce(new.country, c.country)
                and r.confidential_client = 'verified_agency') then
        raise exception using errcode = 'check_violation', constraint = 'jobs_client_verified_agency',
            message = 'only a verified agency advertises for a client that is not named';
    end if;
    return new;
end
$$;
create trigger jobs_check_client before insert or update on jobs for each row
    when (new.status = 'published' and new.confidential_client) execute function jobs_check_client();
insert into constraint_rules (constraint_name, pointer, code) values
    ('jobs_client_verified_agency', '/confidential_client', 'publish_client_verified_agency');

-- --- The agency is not verified any more ---------------------------------------------------------------------------------

insert into job_transitions values ('published', 'paused', 'system');

create function companies_pause_confidential() returns trigger
language plpgsql
as $$
begin
    with paused as (
        update jobs j set status = 'paused', updated_at = now(), version = version + 1
        where j.company_id = new.id and j.status = 'published' and j.confidential_client
            and exists (select from country_rules r
                where r.country = coalesce(j.country, new.country) and r.confidential_client = 'verified_agency')
        returning j.id, j.version
    )
    insert into job_events (job_id, actor_kind, type, from_status, to_status, version)
    select id, 'system', 'status_changed', 'published', 'paused', version from paused;
    return null;
end
$$;
comment on function companies_pause_confidential() is
    'Ads for clients that are not named pause when their agency is no verified agency any more; it may publish them again when it is.';
create trigger companies_pause_confidential after update on companies for each row
    when (old.verified_at is not null and new.verified_at is null or old.kind = 'agency' and new.kind <> 'agency')
    execute function companies_pause_confidential();

-- --- Who may read it -----------------------------------------------------------------------------------------------------

create function jobs_client(job uuid, caller_kind text, company uuid) returns op_result
language plpgsql volatile
as $$
declare
    j jobs;
    body text;
begin
    select * into j from jobs where id = job and client is not null and (caller_kind = 'operator' or company_id = company);
    if not found then
        return op_problem(404, 'not_found');
    end if;
    perform audit_record('job.client_viewed', 'job', j.id, j.company_id);
    body := json_compact(json_build_object('legal_name', j.client -> 'legal_name', 'vat_id', j.client -> 'vat_id',
        'country', j.client -> 'country'));
    return op_ok(200, body, etag_of(body), null);
end
$$;
comment on function jobs_client(uuid, text, uuid) is
    'GET /v1/jobs/{job_id}/client: the client of a vacancy that does not name it, for its agency and operators; recorded.';

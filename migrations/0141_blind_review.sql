-- Blind review: a company may ask to judge applications without knowing whose they are. Name, contact, schools and their
-- years, letter and documents are shown when the application is shortlisted; that is an event of its own.

alter table jobs add column blind_review boolean not null default false;
comment on column jobs.blind_review is 'Applications come without the person until they are shortlisted.';

alter table applications add column blind boolean not null default false, add column revealed_at timestamptz,
    add constraint applications_revealed_blind check (revealed_at is null or blind);
comment on column applications.blind is
    'Sent under blind review. It stays so if the vacancy changes its mind: that is what the candidate was told.';
comment on column applications.revealed_at is 'When the company was first shown whose it is; NULL: it was not, or was from the start.';

create function application_blind(a applications) returns boolean
language sql immutable parallel safe
as $$ select a.blind and a.revealed_at is null $$;
comment on function application_blind(applications) is
    'Whether the company may not know yet whose application it is: no name, contact, letter or document, and no search in them.';

alter table application_events drop constraint application_events_type_known,
    add constraint application_events_type_known check (type in ('submitted', 'status_changed', 'withdrawn', 'revealed'));

create function applications_blind_start() returns trigger
language plpgsql
as $$
begin
    new.blind := coalesce((select j.blind_review from jobs j where j.id = new.job_id), false);
    return new;
end
$$;
comment on function applications_blind_start() is 'An application is reviewed as the vacancy said when it was sent.';
create trigger applications_blind_start before insert on applications for each row execute function applications_blind_start();

create function applications_reveal() returns trigger
language plpgsql
as $$
begin
    new.revealed_at := now();
    return new;
end
$$;
comment on function applications_reveal() is 'A blind application that is shortlisted, or goes further, shows whose it is.';
create trigger applications_reveal before update of status on applications for each row
    when (new.blind and new.revealed_at is null and new.status in ('shortlisted', 'interview', 'offer', 'hired'))
    execute function applications_reveal();

create function applications_revealed() returns trigger
language plpgsql
as $$
begin
    insert into application_events (application_id, actor_kind, account_id, type, from_status, to_status)
    values (new.id, coalesce(context_text('kind'), 'system'), nullif(context_text('account_id'), '')::uuid, 'revealed',
        old.status, new.status);
    perform audit_record('application.revealed', 'application', new.id, new.company_id, new.candidate_id);
    return null;
end
$$;
comment on function applications_revealed() is 'Writes the reveal into the history and the audit trail.';
create trigger applications_revealed after update of status on applications for each row
    when (old.revealed_at is null and new.revealed_at is not null) execute function applications_revealed();

-- What of a blind application's person is shown: what it can do, and where it is at most by region.
create function candidate_competences(profile jsonb) returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'location', nullif(jsonb_strip_nulls(jsonb_build_object('country', profile #> '{location,country}',
            'region', profile #> '{location,region}')), '{}'),
        'languages', profile -> 'languages', 'tools', profile -> 'tools', 'soft_skills', profile -> 'soft_skills',
        'duties', profile -> 'duties'))
$$;
comment on function candidate_competences(jsonb) is
    'Of a profile, what tells nothing of the person: languages, tools, soft skills, duties, country and region.';

create function candidate_shown(a applications, detail text) returns json
language plpgsql stable
as $$
declare
    d candidates;
begin
    select * into d from candidates t where t.id = a.candidate_id;
    if application_blind(a) then
        return (jsonb_build_object('blind', true)
            || case when detail = 'full' then candidate_competences(d.profile) else '{}' end)::json;
    elsif detail = 'card' then
        return json_build_object('id', d.id, 'given_name', d.given_name, 'family_name', d.family_name,
            'headline', d.profile -> 'headline');
    end if;
    return (candidate_json(d, (select n.email from accounts n where n.id = d.account_id))::jsonb
        - array['created_at', 'updated_at', 'version'])::json;
end
$$;
comment on function candidate_shown(applications, text) is
    'What the company of an application sees of the person who sent it (detail: card or full), and all it may see. Whether it '
    'may see the application at all is asked before (shield_hides). Of a blind one: no id either, for an id leads to a name.';

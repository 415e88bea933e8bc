-- What is written to the audit trail whoever changes it: accounts, members, companies, vacancy and application status, API
-- tokens, sessions. Each trigger says in its WHEN what it is about, so that other changes do not even call it.

create function audit_accounts() returns trigger
language plpgsql
as $$
declare
    candidate uuid := (select id from candidates where account_id = new.id);
begin
    if tg_op = 'INSERT' then
        perform audit_record('account.created', 'account', new.id, null, null, jsonb_build_object('kind', new.kind));
    else
        if new.email is distinct from old.email then
            perform audit_record('account.email_changed', 'account', new.id, null, candidate);
        end if;
        if new.password_changed_at is distinct from old.password_changed_at then
            perform audit_record('password.changed', 'account', new.id, null, candidate);
        end if;
        if (new.disabled_at is null) <> (old.disabled_at is null) then
            perform audit_record(case when new.disabled_at is null then 'account.enabled' else 'account.disabled' end,
                'account', new.id, null, candidate);
        end if;
    end if;
    return null;
end
$$;
create trigger accounts_audit_insert after insert on accounts for each row
    when (new.kind <> 'candidate') execute function audit_accounts();
create trigger accounts_audit_update after update on accounts for each row
    when ((old.email, old.password_changed_at, old.disabled_at)
        is distinct from (new.email, new.password_changed_at, new.disabled_at)) execute function audit_accounts();
-- Before: afterwards nobody knows which candidate it was.
create function audit_accounts_delete() returns trigger
language plpgsql
as $$
begin
    perform audit_record('account.deleted', 'account', old.id, null,
        (select id from candidates where account_id = old.id), jsonb_build_object('kind', old.kind));
    return old;
end
$$;
create trigger accounts_audit_delete before delete on accounts for each row execute function audit_accounts_delete();

create function audit_candidates() returns trigger
language plpgsql
as $$
begin
    perform audit_record('account.created', 'account', new.account_id, null, new.id,
        jsonb_build_object('kind', 'candidate'));
    return null;
end
$$;
create trigger candidates_audit_insert after insert on candidates for each row execute function audit_candidates();

create function audit_members() returns trigger
language plpgsql
as $$
begin
    perform case tg_op
        when 'INSERT' then audit_record('member.added', 'account', new.account_id, new.company_id, null,
            jsonb_build_object('role', new.role))
        when 'UPDATE' then audit_record('member.role_changed', 'account', new.account_id, new.company_id, null,
            jsonb_build_object('from', old.role, 'to', new.role))
        else audit_record('member.removed', 'account', old.account_id, old.company_id, null,
            jsonb_build_object('role', old.role)) end;
    return null;
end
$$;
create trigger company_members_audit after insert or delete on company_members for each row
    execute function audit_members();
create trigger company_members_audit_update after update on company_members for each row
    when (old.role is distinct from new.role) execute function audit_members();

create function audit_companies() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' then
        perform audit_record('company.created', 'company', new.id, new.id);
    else
        perform audit_record('company.changed', 'company', new.id, new.id, null, jsonb_build_object('members', (
            select jsonb_agg(key order by key)
            from jsonb_each(company_editable(old)) as o full join jsonb_each(company_editable(new)) as n using (key)
            where o.value is distinct from n.value)));
    end if;
    return null;
end
$$;
comment on function audit_companies() is 'company.changed tells which members of the profile changed, not what they say.';
create trigger companies_audit_insert after insert on companies for each row execute function audit_companies();
create trigger companies_audit_update after update on companies for each row
    when ((old.kind, old.legal_name, old.name, old.country, old.vat_id, old.website)
        is distinct from (new.kind, new.legal_name, new.name, new.country, new.vat_id, new.website))
    execute function audit_companies();

create function audit_jobs() returns trigger
language plpgsql
as $$
begin
    perform case tg_op
        when 'INSERT' then audit_record('job.' || new.status, 'job', new.id, new.company_id)
        when 'UPDATE' then audit_record('job.' || new.status, 'job', new.id, new.company_id, null,
            jsonb_build_object('from', old.status))
        else audit_record('job.deleted', 'job', old.id, old.company_id, null, jsonb_build_object('from', old.status)) end;
    return null;
end
$$;
create trigger jobs_audit_insert after insert on jobs for each row when (new.status <> 'draft') execute function audit_jobs();
create trigger jobs_audit_update after update of status on jobs for each row
    when (old.status is distinct from new.status) execute function audit_jobs();
create trigger jobs_audit_delete after delete on jobs for each row execute function audit_jobs();

create function audit_applications() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' then
        perform audit_record('application.submitted', 'application', new.id, new.company_id, new.candidate_id,
            jsonb_build_object('job_id', new.job_id));
    else
        perform audit_record(
            case new.status when 'withdrawn' then 'application.withdrawn' else 'application.status_changed' end,
            'application', new.id, new.company_id, new.candidate_id,
            jsonb_build_object('job_id', new.job_id, 'from', old.status, 'to', new.status));
    end if;
    return null;
end
$$;
create trigger applications_audit_insert after insert on applications for each row execute function audit_applications();
create trigger applications_audit_update after update of status on applications for each row
    when (old.status is distinct from new.status) execute function audit_applications();

create function audit_tokens() returns trigger
language plpgsql
as $$
declare
    candidate uuid := (select id from candidates where account_id = new.account_id);
begin
    if tg_op = 'INSERT' then
        perform audit_record('token.created', 'token', new.id, new.company_id, candidate, jsonb_build_object(
            'account_id', new.account_id, 'scopes', new.scopes, 'expires_at', rfc3339(new.expires_at)));
    else
        if new.rotated_at is distinct from old.rotated_at then
            perform audit_record('token.rotated', 'token', new.id, new.company_id, candidate,
                jsonb_build_object('account_id', new.account_id));
        end if;
        if new.revoked_at is not null and old.revoked_at is null then
            perform audit_record('token.revoked', 'token', new.id, new.company_id, candidate,
                jsonb_build_object('account_id', new.account_id));
        end if;
    end if;
    return null;
end
$$;
create trigger api_tokens_audit_insert after insert on api_tokens for each row execute function audit_tokens();
create trigger api_tokens_audit_update after update on api_tokens for each row
    when ((old.rotated_at, old.revoked_at) is distinct from (new.rotated_at, new.revoked_at))
    execute function audit_tokens();

-- A session that begins has no caller yet: its account is the actor. It is the company's business where the account has
-- one company; a person with several is nobody's until it says for which it acts.
create function audit_sessions() returns trigger
language plpgsql
as $$
declare
    who record;
begin
    select a.id, a.kind, d.id as candidate_id, (select min(m.company_id::text)::uuid from company_members m
        where m.account_id = a.id having count(*) = 1) as company_id
    into who from accounts a left join candidates d on d.account_id = a.id where a.id = new.account_id;
    if not found then
        return null; -- ends with its account
    elsif tg_op = 'INSERT' then
        perform audit_write('session.started', 'session', new.id, who.company_id, who.candidate_id, '{}', who.kind, who.id);
    else
        perform audit_write('session.ended', 'session', new.id, who.company_id, who.candidate_id,
            jsonb_build_object('account_id', new.account_id, 'reason', new.end_reason), null, null);
    end if;
    return null;
end
$$;
create trigger sessions_audit_insert after insert on sessions for each row execute function audit_sessions();
create trigger sessions_audit_update after update of ended_at on sessions for each row
    when (old.ended_at is null and new.ended_at is not null) execute function audit_sessions();

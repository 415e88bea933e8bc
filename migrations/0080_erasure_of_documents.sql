-- Documents came after the deletion of accounts, which knows of them from here on.

create or replace function candidate_erase(candidate uuid) returns jsonb
language plpgsql volatile
as $$
declare
    files integer;
    sent integer;
    withdrawn integer;
begin
    delete from documents where candidate_id = candidate;
    get diagnostics files = row_count;
    with open as (
        select id, status from applications
        where candidate_id = candidate and status in ('submitted', 'in_review', 'shortlisted', 'interview', 'offer')
        for update
    ), moved as (
        update applications a set status = 'withdrawn', updated_at = now(), version = version + 1, next_update_due = null
        from open where a.id = open.id returning a.id, open.status
    )
    insert into application_events (application_id, actor_kind, type, from_status, to_status)
    select id, 'candidate', 'withdrawn', status, 'withdrawn' from moved;
    get diagnostics withdrawn = row_count;
    update applications set cover_letter = null, answers = '[]', consent = '{"talent_pool": false}'
    where candidate_id = candidate;
    get diagnostics sent = row_count;
    update application_events e set reason = null from applications a
    where a.id = e.application_id and a.candidate_id = candidate and e.actor_kind = 'candidate' and e.reason is not null;
    if sent = 0 then
        delete from candidates where id = candidate;
    else
        update candidates set account_id = null, given_name = 'Deleted', family_name = 'account', profile = '{}',
            erased_at = now(), updated_at = now(), version = version + 1
        where id = candidate;
    end if;
    return jsonb_build_object('documents', files, 'applications', sent, 'applications_withdrawn', withdrawn);
end
$$;

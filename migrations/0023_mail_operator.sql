-- The outbox as its operator sees and changes it (segreteria mail).

create function mail_list() returns text
language sql stable
as $$
    select coalesce(string_agg(line, e'\n' order by rank, at), 'nothing waits and nothing was given up')
    from (
        select concat_ws('  ', id, rpad(state, 6), rpad(template, 22), 'attempts ' || rpad(attempts::text, 2),
                'since ' || to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z',
                case state when 'queued' then 'next ' || to_char(due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || 'Z' end,
                to_address, last_error) as line,
            case state when 'dead' then 0 else 1 end as rank, created_at as at
        from outbox where state <> 'sent'
        order by case state when 'dead' then 0 else 1 end, created_at limit 1000
    ) as lines
$$;
comment on function mail_list() is 'Messages that were given up, then those that wait, oldest first: a line each, 1,000 at most.';

create function mail_retry(ids uuid[]) returns text
language plpgsql volatile
as $$
declare
    n integer;
begin
    update outbox set state = 'queued', attempts = 0, due_at = now(), ended_at = null, lease = null
    where (ids is null and state = 'dead') or (id = any (ids) and state in ('dead', 'queued'));
    get diagnostics n = row_count;
    perform pg_notify('segreteria_mail', '');
    return n || case n when 1 then ' message' else ' messages' end || ' to be sent again';
end
$$;
comment on function mail_retry(uuid[]) is
    'Sends what was given up (NULL: all of it), or waits, now. Of one whose outcome is unknown a second copy may arrive.';

create function mail_discard(ids uuid[]) returns text
language plpgsql volatile
as $$
declare
    n integer;
begin
    delete from outbox where (ids is null and state = 'dead') or (id = any (ids) and state in ('dead', 'queued'));
    get diagnostics n = row_count;
    return n || case n when 1 then ' message' else ' messages' end || ' discarded';
end
$$;
comment on function mail_discard(uuid[]) is 'Forgets what was given up (NULL: all of it), or waits.';

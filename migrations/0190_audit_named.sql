-- A listing's row in the trail says of each candidate whether it was named. A company finds by a candidate's id only what
-- named it: the id is known from one application, and would tell which blind one a listing of it alone had shown.

alter table audit_shown add column named boolean not null default true;
comment on column audit_shown.named is
    'Whether the listing told whose it was: false where all it showed of the candidate was blind or restricted.';

create function application_names(a applications) returns boolean
language plpgsql stable
as $$
begin
    return not application_blind(a) and not candidate_restricted(a.candidate_id);
end
$$;
comment on function application_names(applications) is 'Whether what a company sees of an application tells whose it is.';

drop function audit_showing(text, text, uuid, uuid, uuid[]);
create function audit_showing(action text, subject_kind text, subject_id uuid, company uuid, candidates uuid[],
                              named uuid[] default null) returns void
language plpgsql volatile
as $$
declare
    event uuid;
begin
    if cardinality(candidates) > 0 then
        event := audit_write(action, subject_kind, subject_id, company, null,
            jsonb_build_object('candidates', cardinality(candidates)), null, null);
        insert into audit_shown (candidate_id, event_id, named)
        select c, event, named is null or c = any (named) from unnest(candidates) as c;
    end if;
end
$$;
comment on function audit_showing(text, text, uuid, uuid, uuid[], uuid[]) is
    'Records a listing that showed these (different) candidates; an empty one showed nobody. named: those of whom it told who '
    'they are; NULL: all.';

-- What every server's index in memory is fed from: the rows as the feed reads them, and the log's end. A log row may go when no
-- running server can still need it, or when the one that does will notice and load everything anew.

create view job_search_feed as
select job_id, (extract(epoch from published_at) * 1000000)::bigint as published_us, published_at,
    valid_through - date '1970-01-01' as valid_day, dictionary, office_days, latitude, longitude,
    salary_currency, salary_low, salary_high, role, employment_type, contract, work_mode, confidentiality_level,
    country, region, city, company_id,
    array_to_string(languages, chr(31)) as languages, array_to_string(language_levels, '') as language_levels,
    array_to_string(language_musts, '') as language_musts, array_to_string(tools, chr(31)) as tools,
    array_to_string(soft_skills, chr(31)) as soft_skills, array_to_string(duties, chr(31)) as duties, words
from job_search;
comment on view job_search_feed is
    'job_search in the form the servers'' indexes take in: lists with a unit separator between their values.';

create table job_change_marks (
    at      timestamptz primary key default clock_timestamp(),
    horizon xid8 not null default pg_snapshot_xmin(pg_current_snapshot())
);
comment on table job_change_marks is 'At that time every transaction before the horizon had ended: how old a log row is.';

create table job_changes_purged (
    single boolean primary key default true,
    before xid8 not null,
    constraint job_changes_purged_single check (single)
);
insert into job_changes_purged (before) values ('0');
comment on table job_changes_purged is
    'Log rows of transactions before this one may be missing: who has not read up to it reads job_search as a whole.';

-- A row's age is that of its commit, not of its insert: so by snapshots, not by job_changes.at. In one transaction with what
-- it deletes, so that no reader sees the gap without the notice.
create function job_changes_purge(keep interval, at_most integer) returns bigint
language plpgsql volatile
as $$
declare
    horizon_then xid8;
    n bigint;
begin
    if not exists (select from job_change_marks where at > clock_timestamp() - keep / 10) then
        insert into job_change_marks default values on conflict do nothing;
    end if;
    select m.horizon into horizon_then from job_change_marks m
    where m.at < clock_timestamp() - keep order by m.at desc limit 1;
    if horizon_then is null then
        return 0;
    end if;
    update job_changes_purged set before = horizon_then where before < horizon_then;
    delete from job_changes where seq = any (array(
        select seq from job_changes where txid < horizon_then order by txid, job_id limit at_most for update skip locked));
    get diagnostics n = row_count;
    delete from job_change_marks where horizon < horizon_then;
    return n;
end
$$;
comment on function job_changes_purge(interval, integer) is
    'Deletes at most so many log rows that were committed longer ago than that; returns how many.';

-- The audit trail, newest first: a company's for its owners, a candidate's own, everything for operators. Each source walks
-- an index of its own; an operator's is that of the most selective filter. What candidates did who shield themselves from the
-- company is not in what it reads.
-- @slow
with asked as materialized (
    select case when :caller_kind = 'candidate' then :caller_candidate_id::uuid
            when :caller_kind = 'operator' then :candidate_id::uuid end as candidate,
        case when :caller_kind = 'company' then :caller_company_id::uuid
            when :caller_kind = 'operator' and :candidate_id::uuid is null then :company_id::uuid end as company,
        case when :caller_kind = 'operator' and coalesce(:candidate_id::uuid, :company_id::uuid) is null
            then :actor::uuid end as account,
        :caller_kind = 'operator' and coalesce(:candidate_id::uuid, :company_id::uuid, :actor::uuid) is null as anything,
        keyset_id(:after) as before,
        coalesce(uuid_floor(:since::timestamptz - interval '1 second'), '00000000-0000-0000-0000-000000000000') as first,
        coalesce(uuid_floor(:until::timestamptz + interval '1 second'), 'ffffffff-ffff-ffff-ffff-ffffffffffff') as last
), found as (
    (select l.* from audit_log l
    where company_id = (select company from asked)
        and id < (select before from asked) and id between (select first from asked) and (select last from asked)
        and audit_fits(l, :action::text[], :actor::uuid, :subject::uuid, :since::timestamptz, :until::timestamptz)
        and (:candidate_id::uuid is null or audit_tells(l, :candidate_id::uuid, :caller_kind)
            and (candidate_id = :candidate_id::uuid
                or exists (select from audit_shown s where s.candidate_id = :candidate_id::uuid and s.event_id = l.id and s.named)))
        and (l.actor_kind <> 'candidate' or l.candidate_id is null or not shield_hides(l.candidate_id, l.company_id))
    order by id desc limit :limit::integer + 1)
    union all
    (select l.* from audit_log l
    where candidate_id = (select candidate from asked)
        and id < (select before from asked) and id between (select first from asked) and (select last from asked)
        and audit_fits(l, :action::text[], :actor::uuid, :subject::uuid, :since::timestamptz, :until::timestamptz)
        and (:company_id::uuid is null or company_id = :company_id::uuid)
    order by id desc limit :limit::integer + 1)
    union all
    (select l.* from audit_shown s join audit_log l on l.id = s.event_id
    where s.candidate_id = (select candidate from asked)
        and s.event_id < (select before from asked)
        and s.event_id between (select first from asked) and (select last from asked)
        and audit_fits(l, :action::text[], :actor::uuid, :subject::uuid, :since::timestamptz, :until::timestamptz)
        and (:company_id::uuid is null or l.company_id = :company_id::uuid)
    order by s.event_id desc limit :limit::integer + 1)
    union all
    (select l.* from audit_log l
    where account_id = (select account from asked)
        and id < (select before from asked) and id between (select first from asked) and (select last from asked)
        and audit_fits(l, :action::text[], :actor::uuid, :subject::uuid, :since::timestamptz, :until::timestamptz)
    order by id desc limit :limit::integer + 1)
    union all
    (select l.* from audit_log l
    where (select anything from asked)
        and id < (select before from asked) and id between (select first from asked) and (select last from asked)
        and audit_fits(l, :action::text[], :actor::uuid, :subject::uuid, :since::timestamptz, :until::timestamptz)
    order by id desc limit :limit::integer + 1)
), page as (
    select f.id, f.at, audit_item(f, :caller_kind) as item, row_number() over (order by f.id desc) as n
    from (select * from found order by id desc limit :limit::integer + 1) as f
)
select 200 as status,
    coalesce(string_agg(item, ',' order by n) filter (where n <= :limit::integer), '') as items,
    case when count(*) > :limit::integer
        then max(keyset_text(at, id)) filter (where n = :limit::integer) end as next_key
from page

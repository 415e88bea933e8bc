-- What the caller may edit of itself, for a merge patch.
-- @read
select case when current then 200 else 412 end as status,
    case when not current then 'precondition_failed' end as code,
    account_editable(a.id)::text as body, a.version as out_version
from accounts a,
    lateral (select etag_matches(:if_match::text[], etag_of(json_compact(account_json(a.id)))) as current) as checks
where a.id = :caller_account_id::uuid

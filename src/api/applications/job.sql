-- The vacancy as it was when the application was sent, for either side. Nothing of the candidate is in it.
-- @read
select 200 as status, v.document as body, v.etag
from applications a join job_versions v on v.job_id = a.job_id and v.etag = a.job_etag
where a.id = :application_id::uuid
    and case :caller_kind when 'candidate' then a.candidate_id = :caller_candidate_id::uuid
        else a.company_id = :caller_company_id::uuid and not shield_hides(a.candidate_id, a.company_id) end

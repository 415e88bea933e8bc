-- The refusal of a caller whose company is suspended, with the reason.
-- @read
select 403 as status, 'company_suspended' as code, suspension_json(c)::jsonb as problem
from companies c where c.id = :caller_company_id::uuid

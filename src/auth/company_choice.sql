-- The refusal of a caller that belongs to several companies and named none, with the companies to choose from.
-- @read
select 400 as status, 'company_required' as code,
    jsonb_strip_nulls(jsonb_build_object('companies', memberships_json(:caller_account_id::uuid))) as problem

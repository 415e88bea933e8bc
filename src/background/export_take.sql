-- The next export to make.
-- @write
select id, account_id from exports_take(:lease::uuid)

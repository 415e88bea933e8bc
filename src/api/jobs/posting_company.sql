-- What a JobPosting says of the company beyond the vacancy's own document.
-- @merge company_id
select id as merge_key, website from companies where id = any (:company_id::uuid[])

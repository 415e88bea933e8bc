-- The JSON files of an account's export.
-- @read
select name, about from export_sections(:account::uuid)

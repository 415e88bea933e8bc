-- Some items of one of them. Few: an application may have a letter and answers of a hundred kilobytes.
-- @read
select key, item from export_page(:account::uuid, :section, :after, 20)

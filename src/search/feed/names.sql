-- The names by which roles, tools and places may be completed, those of one thing together.
-- @slow
select kind, code, en, it, near, key from suggest_names order by kind, code

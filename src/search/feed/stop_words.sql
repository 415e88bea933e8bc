-- Words of those titles that are not suggested.
-- @slow
select word from (select distinct unnest(string_to_array(title, ' ')) as word from suggest_newest()) as w
where search_is_stop_word(word)

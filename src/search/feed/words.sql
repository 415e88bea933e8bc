-- The words that vacancies have or had, as people write them, with what each dictionary makes of them.
-- @slow
select word, dictionary, lexeme from search_words order by word, dictionary

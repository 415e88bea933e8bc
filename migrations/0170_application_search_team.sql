-- What a company's people say of applications, for the search: the mean of their ratings is kept with the row.

create function application_search_rate() returns trigger
language plpgsql
as $$
declare
    application uuid := case tg_op when 'DELETE' then old.application_id else new.application_id end;
begin
    update application_search s set rating = coalesce((select round(avg(r.value) * 100) from application_ratings r
        where r.application_id = application), 0)
    where s.application_id = application;
    return null;
end
$$;
create trigger application_ratings_search after insert or update or delete on application_ratings for each row
    execute function application_search_rate();

update application_search s set rating = r.mean
from (select application_id, round(avg(value) * 100) as mean from application_ratings group by application_id) as r
where r.application_id = s.application_id;

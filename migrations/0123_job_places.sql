-- A vacancy's place in the gazetteer is looked up when the vacancy is written, once, and its coordinates are shown where the
-- company gave none.

alter table jobs add column place_id integer;
comment on column jobs.place_id is
    'The gazetteer''s place that country, region and city name; NULL: none. Not a foreign key: a gazetteer that is replaced may '
    'have lost it, until job_search_refresh.';

create function jobs_place() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'INSERT' or (new.country, new.region, new.city) is distinct from (old.country, old.region, old.city) then
        new.place_id := case when new.city is not null then (place_of(new.country, new.region, new.city)).id end;
    end if;
    return new;
end
$$;
create trigger jobs_place before insert or update of country, region, city on jobs for each row execute function jobs_place();

create function job_own_location(j jobs) returns json
language sql stable
as $$
    select case when num_nonnulls(j.country, j.region, j.city, j.postal_code, j.latitude) > 0 then json_build_object(
        'country', j.country, 'region', j.region, 'city', j.city, 'postal_code', j.postal_code,
        'latitude', j.latitude, 'longitude', j.longitude) end
$$;
comment on function job_own_location(jobs) is 'The place of work as the company wrote it.';

create or replace function job_location_json(j jobs) returns json
language plpgsql stable
as $$
declare
    place places;
begin
    if j.latitude is null and j.place_id is not null then
        select * into place from places where id = j.place_id;
    end if;
    return case when num_nonnulls(j.country, j.region, j.city, j.postal_code, j.latitude) > 0 then json_build_object(
        'country', j.country, 'region', j.region, 'city', j.city, 'postal_code', j.postal_code,
        'latitude', coalesce(j.latitude, place.latitude::numeric), 'longitude', coalesce(j.longitude, place.longitude::numeric),
        'coordinates', case when place.id is not null then 'gazetteer' end) end;
end
$$;
comment on function job_location_json(jobs) is
    'The place of work as everybody sees it: coordinates that the company did not give are the town''s, and said to be.';

-- What is there already: the texts anew, without a change of the vacancies themselves.
alter table jobs disable trigger user;
update jobs set place_id = (place_of(country, region, city)).id where city is not null;
alter table jobs enable trigger user;
with made as (
    select j.id, job_document(j, c) as document from jobs j join companies c on c.id = j.company_id where j.place_id is not null
)
update job_documents d set document = m.document, etag = etag_of(m.document) from made m where m.id = d.job_id;
update job_cards k set card = job_card(j, c) from jobs j join companies c on c.id = j.company_id
where j.place_id is not null and k.job_id = j.id;

-- The gazetteer may say something else by now.
create or replace function job_search_refresh(company uuid) returns integer
language plpgsql volatile
as $$
declare
    n integer;
    moved uuid[] := '{}'; -- logged by the triggers
begin
    if company is null then
        with placed as (
            update jobs j set place_id = (place_of(j.country, j.region, j.city)).id
            where j.city is not null
                and (j.latitude is null or j.place_id is distinct from (place_of(j.country, j.region, j.city)).id)
            returning id
        )
        select coalesce(array_agg(id), '{}') into moved from placed;
    end if;
    with done as (
        select job_search_store(j, c), j.id from jobs j join companies c on c.id = j.company_id
        where j.status = 'published' and (company is null or c.id = company) order by j.id
    ), logged as (
        insert into job_changes (job_id) select id from done where id <> all (moved)
    )
    select count(*) into n from done;
    perform pg_notify('segreteria_jobs', '');
    return n;
end
$$;
comment on function job_search_refresh(uuid) is
    'Makes the rows of a company (NULL: of all, with their places and texts) anew and logs them: after a suspension, or when labels '
    'or places have changed.';

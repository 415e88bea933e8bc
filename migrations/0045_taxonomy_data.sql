-- Data of the taxonomies that grows: replaced as a whole, by a migration or by `segreteria taxonomies`.

create table place_aliases (
    name       text primary key,
    country    text not null,
    place_name text not null
);
comment on table place_aliases is 'Names of places that the gazetteer has not, Italian ones above all: Londra, Monaco di Baviera.';
insert into place_aliases (name, country, place_name) values
    ('Londra', 'GB', 'London'), ('Parigi', 'FR', 'Paris'), ('Berlino', 'DE', 'Berlin'),
    ('Monaco di Baviera', 'DE', 'Munich'), ('München', 'DE', 'Munich'), ('Muenchen', 'DE', 'Munich'),
    ('Colonia', 'DE', 'Köln'), ('Cologne', 'DE', 'Köln'), ('Francoforte', 'DE', 'Frankfurt am Main'),
    ('Frankfurt', 'DE', 'Frankfurt am Main'), ('Amburgo', 'DE', 'Hamburg'), ('Stoccarda', 'DE', 'Stuttgart'),
    ('Norimberga', 'DE', 'Nürnberg'), ('Nuremberg', 'DE', 'Nürnberg'), ('Dresda', 'DE', 'Dresden'),
    ('Lipsia', 'DE', 'Leipzig'), ('Ginevra', 'CH', 'Genève'), ('Geneva', 'CH', 'Genève'), ('Zurigo', 'CH', 'Zürich'),
    ('Basilea', 'CH', 'Basel'), ('Berna', 'CH', 'Bern'), ('Losanna', 'CH', 'Lausanne'), ('Lucerna', 'CH', 'Luzern'),
    ('Wien', 'AT', 'Vienna'), ('Salisburgo', 'AT', 'Salzburg'), ('Praga', 'CZ', 'Prague'), ('Praha', 'CZ', 'Prague'),
    ('Varsavia', 'PL', 'Warsaw'), ('Warszawa', 'PL', 'Warsaw'), ('Cracovia', 'PL', 'Kraków'),
    ('Danzica', 'PL', 'Gdańsk'), ('Bruxelles', 'BE', 'Brussels'), ('Brussel', 'BE', 'Brussels'),
    ('Anversa', 'BE', 'Antwerpen'), ('Antwerp', 'BE', 'Antwerpen'), ('L''Aia', 'NL', 'The Hague'),
    ('L''Aja', 'NL', 'The Hague'), ('Den Haag', 'NL', 'The Hague'), ('Lussemburgo', 'LU', 'Luxembourg'),
    ('Barcellona', 'ES', 'Barcelona'), ('Siviglia', 'ES', 'Sevilla'), ('Seville', 'ES', 'Sevilla'),
    ('Saragozza', 'ES', 'Zaragoza'), ('Lisbona', 'PT', 'Lisbon'), ('Lisboa', 'PT', 'Lisbon'),
    ('Atene', 'GR', 'Athens'), ('Salonicco', 'GR', 'Thessaloníki'), ('Copenaghen', 'DK', 'Copenhagen'),
    ('København', 'DK', 'Copenhagen'), ('Stoccolma', 'SE', 'Stockholm'), ('Dublino', 'IE', 'Dublin'),
    ('Edimburgo', 'GB', 'Edinburgh'), ('Mosca', 'RU', 'Moscow'), ('San Pietroburgo', 'RU', 'Saint Petersburg'),
    ('Lubiana', 'SI', 'Ljubljana'), ('Zagabria', 'HR', 'Zagreb'), ('Fiume', 'HR', 'Rijeka'),
    ('Spalato', 'HR', 'Split'), ('Bucarest', 'RO', 'Bucharest'), ('București', 'RO', 'Bucharest'),
    ('Belgrado', 'RS', 'Belgrade'), ('Nizza', 'FR', 'Nice'), ('Marsiglia', 'FR', 'Marseille'), ('Lione', 'FR', 'Lyon'),
    ('Tolosa', 'FR', 'Toulouse'), ('Strasburgo', 'FR', 'Strasbourg'), ('Bordò', 'FR', 'Bordeaux'),
    ('Lilla', 'FR', 'Lille'), ('New York', 'US', 'New York City'), ('Nuova York', 'US', 'New York City'),
    ('Filadelfia', 'US', 'Philadelphia'), ('Pechino', 'CN', 'Beijing'), ('Il Cairo', 'EG', 'Cairo'),
    ('Gerusalemme', 'IL', 'Jerusalem'), ('Nuova Delhi', 'IN', 'New Delhi'), ('Città del Messico', 'MX', 'Mexico City'),
    ('Reggio Emilia', 'IT', 'Reggio nell''Emilia'), ('Reggio Calabria', 'IT', 'Reggio di Calabria'),
    ('Massa Carrara', 'IT', 'Carrara'), ('Monaco', 'MC', 'Monaco'), ('Principato di Monaco', 'MC', 'Monaco'),
    ('Tel Aviv', 'IL', 'Tel Aviv'), ('Città del Lussemburgo', 'LU', 'Luxembourg');

create function places_load(source text) returns integer
language plpgsql volatile
as $$
declare
    n integer;
begin
    create temporary table given on commit drop as
    select f[1]::integer as id, f[2] as name, nullif(f[3], '') as local_name, f[4] as country, nullif(f[5], '') as region,
        nullif(f[6], '') as province, f[7]::double precision as latitude, f[8]::double precision as longitude,
        f[9]::integer as population
    from string_to_table(source, E'\n') as line, lateral (select string_to_array(rtrim(line, E'\r'), E'\t') as f) as fields
    where btrim(line) <> '';
    delete from places p where not exists (select from given g where g.id = p.id);
    insert into places as p (id, name, local_name, country, region, province, latitude, longitude, population)
    select id, name, local_name, country, region, province, latitude, longitude, population from given
    on conflict (id) do update set name = excluded.name, local_name = excluded.local_name, country = excluded.country,
        region = excluded.region, province = excluded.province, latitude = excluded.latitude,
        longitude = excluded.longitude, population = excluded.population
    where (p.name, p.local_name, p.country, p.region, p.province, p.latitude, p.longitude, p.population) is distinct from
        (excluded.name, excluded.local_name, excluded.country, excluded.region, excluded.province, excluded.latitude,
        excluded.longitude, excluded.population);
    delete from place_names;
    insert into place_names (key, place_id)
    select distinct key, id from places, lateral (values (search_fold(name)), (search_fold(local_name))) as k (key)
    where key <> '';
    insert into place_names (key, place_id)
    select distinct on (a.name) search_fold(a.name), p.id
    from place_aliases a join place_names k on k.key = search_fold(a.place_name)
    join places p on p.id = k.place_id and p.country = a.country
    order by a.name, p.population desc, p.id
    on conflict do nothing;
    select count(*) into n from places;
    drop table given;
    return n;
end
$$;
comment on function places_load(text) is
    'Replaces the gazetteer by lines of tab-separated number, name, local name, country, region, province, latitude, longitude, '
    'inhabitants. How many places there are then. Vacancies take it over with job_search_refresh.';

create function role_labels_load(source text) returns integer
language plpgsql volatile
as $$
declare
    n integer;
begin
    delete from role_labels;
    insert into role_labels (role, lang, label)
    select distinct f[1], f[2], btrim(f[3])
    from string_to_table(source, E'\n') as line, lateral (select string_to_array(rtrim(line, E'\r'), E'\t') as f) as fields
    where btrim(line) <> '';
    get diagnostics n = row_count;
    delete from role_words;
    return n;
end
$$;
comment on function role_labels_load(text) is
    'Replaces the other names of roles by lines of tab-separated role, language (en, it), name. How many there are then. '
    'Vacancies take them over with job_search_refresh.';

-- --- GET /v1/taxonomies/places -------------------------------------------------------------------------------------------

create function places_search(q text, in_countries text[], page_size integer) returns text
language plpgsql stable
set enable_bitmapscan = on
as $$
declare
    wanted text := search_fold(q);
begin
    return (
        select json_compact(json_build_object('items', coalesce(json_agg(place_json(p) order by p.population desc, p.id), '[]')))
        from (
            select distinct k.id, k.population
            from place_names n join places k on k.id = n.place_id
            where n.key like wanted || '%' and wanted <> ''
                and (in_countries is null or k.country = any (upper(in_countries::text)::text[]))
            order by k.population desc, k.id
            limit page_size
        ) as found join places p on p.id = found.id
    );
end
$$;
comment on function places_search(text, text[], integer) is 'The places a name of which begins so, the largest first.';

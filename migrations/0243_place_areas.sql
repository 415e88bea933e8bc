-- What people write after a town: the name of a country, of an Italian region or province. And what an Italian province's code alone
-- means: its capital, which four times is not its largest town (CL is Caltanissetta, not Gela).

create table italian_provinces (
    code    text primary key,
    name    text not null,
    capital text not null,
    key     text not null generated always as (search_fold(capital)) stored
);
comment on table italian_provinces is 'A province''s code, its name and its capital; of several, the first that it is named after.';
comment on column italian_provinces.key is 'The capital as place_names has it.';
insert into italian_provinces (code, name, capital)
select split_part(given, ' ', 1), substring(given from '^.. ([^:]*)'), substring(given from '([^ :][^:]*)$')
from (select btrim(line, E' \n') as line from string_to_table($provinces$
    AG Agrigento, AL Alessandria, AN Ancona, AO Aosta, AP Ascoli Piceno, AQ L'Aquila, AR Arezzo, AT Asti, AV Avellino, BA Bari,
    BG Bergamo, BI Biella, BL Belluno, BN Benevento, BO Bologna, BR Brindisi, BS Brescia, BT Barletta-Andria-Trani: Barletta,
    BZ Bolzano, CA Cagliari, CB Campobasso, CE Caserta, CH Chieti, CL Caltanissetta, CN Cuneo, CO Como, CR Cremona, CS Cosenza,
    CT Catania, CZ Catanzaro, EN Enna, FC Forlì-Cesena: Forlì, FE Ferrara, FG Foggia, FI Firenze, FM Fermo, FR Frosinone, GE Genova,
    GO Gorizia, GR Grosseto, IM Imperia, IS Isernia, KR Crotone, LC Lecco, LE Lecce, LI Livorno, LO Lodi, LT Latina, LU Lucca,
    MB Monza e della Brianza: Monza, MC Macerata, ME Messina, MI Milano, MN Mantova, MO Modena, MS Massa-Carrara: Massa, MT Matera,
    NA Napoli, NO Novara, NU Nuoro, OR Oristano, PA Palermo, PC Piacenza, PD Padova, PE Pescara, PG Perugia, PI Pisa, PN Pordenone,
    PO Prato, PR Parma, PT Pistoia, PU Pesaro e Urbino: Pesaro, PV Pavia, PZ Potenza, RA Ravenna, RC Reggio Calabria,
    RE Reggio Emilia, RG Ragusa, RI Rieti, RM Roma, RN Rimini, RO Rovigo, SA Salerno, SI Siena, SO Sondrio, SP La Spezia,
    SR Siracusa, SS Sassari, SU Sud Sardegna: Carbonia, SV Savona, TA Taranto, TE Teramo, TN Trento, TO Torino, TP Trapani, TR Terni,
    TS Trieste, TV Treviso, UD Udine, VA Varese, VB Verbano-Cusio-Ossola: Verbania, VC Vercelli, VE Venezia, VI Vicenza, VR Verona,
    VT Viterbo, VV Vibo Valentia
$provinces$, ',') as line) as lines,
    lateral (select case when line like '%:%' then line else line || ':' || substring(line from 4) end as given) as g;

create table place_areas (
    name     text not null,
    key      text not null generated always as (search_fold(name)) stored,
    country  text not null,
    region   text,
    province text,
    unique nulls not distinct (key, country, region, province)
);
comment on table place_areas is
    'Names of countries, and of Italian regions and provinces, by which a place may be told from others. Written in Italian, in '
    'English and, in Europe, as the country itself writes it. Codes and the regions'' names as the gazetteer has them need no row.';
comment on column place_areas.region is 'As places have it; NULL, as province is: the country.';

insert into place_areas (name, country)
select name, left(line, 2) from (select btrim(line, ' ') as line from string_to_table($countries$
AD Andorra
AE Emirati Arabi Uniti|Emirati|United Arab Emirates|UAE
AF Afghanistan
AL Albania|Shqipëria|Shqipëri
AM Armenia|Hayastan|Հայաստան
AO Angola
AR Argentina
AT Austria|Österreich|Oesterreich
AU Australia
AX Isole Åland|Åland|Åland Islands|Ahvenanmaa
AZ Azerbaigian|Azerbaijan|Azərbaycan
BA Bosnia ed Erzegovina|Bosnia Erzegovina|Bosnia e Erzegovina|Bosnia|Bosnia and Herzegovina|Bosna i Hercegovina
BA Bosnia & Herzegovina|Босна и Херцеговина
BB Barbados
BD Bangladesh
BE Belgio|Belgium|België|Belgique|Belgien
BF Burkina Faso|Burkina
BG Bulgaria|България|Balgaria
BH Bahrein|Bahrain
BI Burundi
BJ Benin
BN Brunei|Brunei Darussalam
BO Bolivia
BR Brasile|Brazil|Brasil
BS Bahamas|Le Bahamas|The Bahamas
BT Bhutan
BW Botswana
BY Bielorussia|Belarus|Беларусь
BZ Belize
CA Canada
CD Repubblica Democratica del Congo|RD del Congo|Congo-Kinshasa|Congo|Democratic Republic of the Congo|DR Congo|DRC
CF Repubblica Centrafricana|Centrafrica|Central African Republic
CG Repubblica del Congo|Congo-Brazzaville|Congo|Republic of the Congo
CH Svizzera|Switzerland|Schweiz|Suisse|Svizra
CI Costa d'Avorio|Ivory Coast|Côte d'Ivoire
CL Cile|Chile
CM Camerun|Cameroon|Cameroun
CN Cina|China|Repubblica Popolare Cinese|People's Republic of China
CO Colombia
CR Costa Rica
CU Cuba
CV Capo Verde|Cabo Verde|Cape Verde
CW Curaçao
CY Cipro|Cyprus|Κύπρος|Kypros|Kıbrıs
CZ Repubblica Ceca|Cechia|Czech Republic|Czechia|Česko|Česká republika
DE Germania|Germany|Deutschland
DJ Gibuti|Djibouti
DK Danimarca|Denmark|Danmark
DO Repubblica Dominicana|Dominican Republic|República Dominicana
DZ Algeria
EC Ecuador
EE Estonia|Eesti
EG Egitto|Egypt
EH Sahara Occidentale|Western Sahara
ER Eritrea
ES Spagna|Spain|España|Espanya
ET Etiopia|Ethiopia
FI Finlandia|Finland|Suomi
FJ Figi|Fiji
FO Isole Fær Øer|Fær Øer|Faroe|Faroe Islands|Føroyar
FR Francia|France
GA Gabon
GB Regno Unito|United Kingdom|UK|Gran Bretagna|Great Britain|Britain|Inghilterra|England|Scozia|Scotland|Galles|Wales
GB Irlanda del Nord|Northern Ireland
GE Georgia|Sakartvelo|საქართველო
GF Guyana francese|French Guiana|Guyane
GG Guernsey
GH Ghana
GI Gibilterra|Gibraltar
GM Gambia|The Gambia
GN Guinea|Guinée
GP Guadalupa|Guadeloupe
GQ Guinea Equatoriale|Equatorial Guinea
GR Grecia|Greece|Ελλάδα|Ellada|Hellas
GT Guatemala
GW Guinea-Bissau
GY Guyana
HK Hong Kong
HN Honduras
HR Croazia|Croatia|Hrvatska
HT Haiti|Haïti
HU Ungheria|Hungary|Magyarország
ID Indonesia
IE Irlanda|Ireland|Éire|Repubblica d'Irlanda|Republic of Ireland
IL Israele|Israel
IM Isola di Man|Isle of Man
IN India
IQ Iraq
IR Iran
IS Islanda|Iceland|Ísland
IT Italia|Italy|IT|Italien|Italie
JE Jersey
JM Giamaica|Jamaica
JO Giordania|Jordan
JP Giappone|Japan
KE Kenya|Kenia
KG Kirghizistan|Kyrgyzstan
KH Cambogia|Cambodia
KP Corea del Nord|North Korea
KR Corea del Sud|South Korea|Corea|Korea
KW Kuwait
KZ Kazakistan|Kazakhstan
LA Laos
LB Libano|Lebanon|Liban
LI Liechtenstein
LK Sri Lanka
LR Liberia
LS Lesotho
LT Lituania|Lithuania|Lietuva
LU Lussemburgo|Luxembourg|Lëtzebuerg|Luxemburg
LV Lettonia|Latvia|Latvija
LY Libia|Libya
MA Marocco|Morocco|Maroc
MC Monaco|Principato di Monaco|Principality of Monaco
MD Moldavia|Moldova|Repubblica di Moldova
ME Montenegro|Crna Gora|Црна Гора
MG Madagascar
MK Macedonia del Nord|North Macedonia|Macedonia|Severna Makedonija|Северна Македонија
ML Mali
MM Birmania|Myanmar|Burma
MN Mongolia
MO Macao|Macau
MQ Martinica|Martinique
MR Mauritania
MT Malta
MU Mauritius|Maurizio
MV Maldive|Maldives
MW Malawi
MX Messico|Mexico|México
MY Malesia|Malaysia|Malaisia
MZ Mozambico|Mozambique|Moçambique
NA Namibia
NC Nuova Caledonia|New Caledonia
NE Niger
NG Nigeria
NI Nicaragua
NL Paesi Bassi|Olanda|Netherlands|The Netherlands|Holland|Nederland
NO Norvegia|Norway|Norge|Noreg
NP Nepal
NZ Nuova Zelanda|New Zealand
OM Oman
PA Panama|Panamá
PE Perù|Peru
PG Papua Nuova Guinea|Papua New Guinea
PH Filippine|Philippines|The Philippines
PK Pakistan
PL Polonia|Poland|Polska
PR Porto Rico|Portorico|Puerto Rico
PS Palestina|Palestine|Territori palestinesi|Palestinian Territories
PT Portogallo|Portugal
PY Paraguay
QA Qatar
RE Riunione|La Riunione|Réunion
RO Romania|România
RS Serbia|Srbija|Србија
RU Russia|Federazione Russa|Russian Federation|Россия|Rossija
RW Ruanda|Rwanda
SA Arabia Saudita|Saudi Arabia
SB Isole Salomone|Solomon Islands
SD Sudan
SE Svezia|Sweden|Sverige
SG Singapore
SI Slovenia|Slovenija
SK Slovacchia|Slovakia|Slovensko
SL Sierra Leone
SM San Marino|Repubblica di San Marino
SN Senegal|Sénégal
SO Somalia
SR Suriname
SS Sudan del Sud|Sud Sudan|South Sudan
ST São Tomé e Príncipe|São Tomé and Príncipe
SV El Salvador
SY Siria|Syria
SZ Eswatini|Swaziland
TD Ciad|Chad|Tchad
TG Togo
TH Thailandia|Tailandia|Thailand
TJ Tagikistan|Tajikistan
TL Timor Est|Timor-Leste|East Timor
TM Turkmenistan
TN Tunisia|Tunisie
TR Turchia|Turkey|Türkiye
TT Trinidad e Tobago|Trinidad and Tobago|Trinidad & Tobago
TW Taiwan
TZ Tanzania
UA Ucraina|Ukraine|Україна|Ukrajina
UG Uganda
US Stati Uniti|Stati Uniti d'America|United States|United States of America|USA
UY Uruguay
UZ Uzbekistan
VE Venezuela
VI Isole Vergini americane|U.S. Virgin Islands|US Virgin Islands
VN Vietnam|Viet Nam
XK Kosovo|Kosova
YE Yemen
YT Mayotte
ZA Sudafrica|South Africa
ZM Zambia
ZW Zimbabwe
$countries$, E'\n') as line) as lines, string_to_table(substring(line from 4), '|') as name
where line <> ''
on conflict do nothing;

insert into place_areas (name, country, region) values
    ('Apulia', 'IT', 'Puglia'), ('Puglie', 'IT', 'Puglia'), ('Lombardy', 'IT', 'Lombardia'), ('Piedmont', 'IT', 'Piemonte'),
    ('Sardinia', 'IT', 'Sardegna'), ('Sicily', 'IT', 'Sicilia'), ('Tuscany', 'IT', 'Toscana'), ('Latium', 'IT', 'Lazio'),
    ('Marches', 'IT', 'Marche'), ('Le Marche', 'IT', 'Marche'), ('The Marches', 'IT', 'Marche'), ('Abruzzi', 'IT', 'Abruzzo'),
    ('Lucania', 'IT', 'Basilicata'), ('Friuli', 'IT', 'Friuli-Venezia Giulia'), ('FVG', 'IT', 'Friuli-Venezia Giulia'),
    ('Valle d''Aosta', 'IT', 'Valle d''Aosta/Vallée d''Aoste'), ('Val d''Aosta', 'IT', 'Valle d''Aosta/Vallée d''Aoste'),
    ('Aosta Valley', 'IT', 'Valle d''Aosta/Vallée d''Aoste'), ('Vallée d''Aoste', 'IT', 'Valle d''Aosta/Vallée d''Aoste'),
    ('Trentino-Alto Adige', 'IT', 'Trentino-Alto Adige/Südtirol'), ('Trentino-Südtirol', 'IT', 'Trentino-Alto Adige/Südtirol'),
    ('Trentino-South Tyrol', 'IT', 'Trentino-Alto Adige/Südtirol'), ('Trentino', 'IT', 'Trentino-Alto Adige/Südtirol');

insert into place_areas (name, country, province)
select name, 'IT', code from italian_provinces
union all values ('Alto Adige', 'IT', 'BZ'), ('Südtirol', 'IT', 'BZ'), ('South Tyrol', 'IT', 'BZ'), ('Bozen', 'IT', 'BZ'),
    ('Monza e Brianza', 'IT', 'MB'), ('Monza Brianza', 'IT', 'MB'), ('Monza', 'IT', 'MB'), ('Massa e Carrara', 'IT', 'MS'),
    ('Pesaro-Urbino', 'IT', 'PU'), ('Reggio di Calabria', 'IT', 'RC'), ('Reggio nell''Emilia', 'IT', 'RE'), ('Florence', 'IT', 'FI'),
    ('Rome', 'IT', 'RM'), ('Milan', 'IT', 'MI'), ('Turin', 'IT', 'TO'), ('Naples', 'IT', 'NA'), ('Venice', 'IT', 'VE'),
    ('Genoa', 'IT', 'GE');

-- The places whose name are the words, else those whose name is followed by their country's code, or by the code or name of their
-- province or region.
create function places_called(words text[], in_countries text[]) returns setof places
language plpgsql stable
rows 5
as $$
declare
    wanted text := array_to_string(words, ' ');
    -- No area's name has more than seven words.
    begun text[] := array(select array_to_string(words[:n], ' ')
        from generate_series(greatest(cardinality(words) - 7, 1), cardinality(words) - 1) as n);
begin
    return query
        select p.* from place_names n join places p on p.id = n.place_id
        where n.key = wanted and (in_countries is null or p.country = any (in_countries))
        order by p.population desc, p.id limit 50;
    if not found then
        return query
            select p.* from place_names n join places p on p.id = n.place_id,
                lateral (select substr(wanted, length(n.key) + 2) as area offset 0) as a
            where n.key = any (begun) and (in_countries is null or p.country = any (in_countries))
                and (p.country = upper(a.area) or (p.country = 'IT' and p.province = upper(a.area)) or search_fold(p.region) = a.area
                    or exists (select from place_areas k where k.key = a.area and k.country = p.country
                        and (k.region = p.region or k.province = p.province)))
            group by p.id
            order by p.population desc, p.id limit 50;
    end if;
end
$$;
comment on function places_called(text[], text[]) is 'The places that folded words name, the largest first.';

-- Two letters are the code of an Italian province before they are the name of a place: BO is Bologna, not Bo in Sierra Leone, and
-- RE Reggio Emilia, not the village of Re. Such a place is found by a longer name ("Bo SL", "Re VB"), or with another country. The
-- code means the province's capital; in a gazetteer without it, the largest town.
create or replace function places_named(said text, in_countries text[]) returns setof places
language plpgsql stable
rows 5
as $$
declare
    words text[] := string_to_array(search_fold(said), ' ');
    kept integer;
    named text[];
begin
    if said ~ '^\s*[A-Za-z]{2}\s*$' and (in_countries is null or 'IT' = any (in_countries)) then
        return query
            select p.* from places p where p.country = 'IT' and p.province = upper(words[1])
            order by p.id = any (array(select n.place_id from italian_provinces c join place_names n on n.key = c.key
                where c.code = upper(words[1]))) desc, p.population desc, p.id limit 1;
        if found then
            return;
        end if;
    end if;
    return query select * from places_called(words, in_countries);
    if found then
        return;
    end if;
    -- The longest name of a country at the end: "Guinea Bissau" before a "Guinea" that might be there alone.
    select n, countries into kept, named
    from generate_series(greatest(cardinality(words) - 7, 1), cardinality(words) - 1) as n,
        lateral (select array_agg(k.country) as countries from place_areas k
            where k.key = array_to_string(words[n + 1:], ' ') and k.region is null and k.province is null) as c
    where countries is not null and (in_countries is null or countries && in_countries)
    order by n limit 1;
    if kept is not null then
        return query select * from places_called(words[:kept], case when in_countries is null then named
            else array(select unnest(named) intersect select unnest(in_countries)) end);
    end if;
end
$$;

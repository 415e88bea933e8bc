-- A document may be named twice in an application in two spellings: the letters of a UUID have no case. The contract compares texts.

insert into rule_texts (code, en, it) values
    ('duplicate_document', 'This document is in the list already.', 'Questo documento è già nell''elenco.');

create or replace function document_violations(candidate uuid, ids jsonb, lang text) returns jsonb
language sql stable
as $$
    with named as (
        select e.id::uuid as id, n, row_number() over (partition by e.id::uuid order by n) as nth
        from jsonb_array_elements_text(ids) with ordinality as e (id, n)
    )
    select violations(coalesce(jsonb_agg(violation('/document_ids/' || n - 1,
        case when nth > 1 then 'duplicate_document' else 'unknown_document' end) order by n), '[]'), lang)
    from named e
    where nth > 1 or not exists (select from documents d
        where d.id = e.id and d.candidate_id = candidate and d.completed_at is not null)
$$;

-- Read once at start: {"<constraint>": {"pointer", "code", "detail": {"en", "it"}}} of every named constraint.
-- @read
select 200 as status, json_object_agg(r.constraint_name, json_build_object('pointer', r.pointer, 'code', r.code,
    'detail', json_build_object('en', t.en, 'it', t.it)))::text as body
from constraint_rules r join rule_texts t using (code)

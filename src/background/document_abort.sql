-- Forgets an upload that was given up.
-- @write
select documents_abort(:document::uuid) as out_result

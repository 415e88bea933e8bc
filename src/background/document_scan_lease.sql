-- Takes the next document that is to be scanned.
-- @write
select id as out_id, sealed_key as out_key from document_scan_lease()

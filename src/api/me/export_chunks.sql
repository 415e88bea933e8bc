-- Some chunks of an export's ciphertext, in order.
-- @read
select data from export_chunks
where export_id = :document::uuid and n >= :from::integer and n < :from::integer + 2
order by n

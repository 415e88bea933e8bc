-- Two chunks of a document's ciphertext, in order.
-- @read
select data from document_chunks where document_id = :document::uuid and n >= :from::integer and n < :from::integer + 2 order by n

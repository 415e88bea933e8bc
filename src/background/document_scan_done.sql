-- Writes down what the scanner said of a document.
-- @write
select document_scan_done(:document::uuid, :verdict, :finding) as out_scan

-- Uses an address up and opens its document.
-- @write
select status, code, problem, body, etag, location, out_key, out_media_type, out_name, out_size, out_document_id
from document_link_open(:link_hashes::bytea[])

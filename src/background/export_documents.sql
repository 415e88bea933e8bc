-- The files that go into an account's export.
-- @read
select id, file, sealed_key from export_documents(:account::uuid)

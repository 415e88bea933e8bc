-- The public keys of receipts, as a JWK set.
-- @read
select 200 as status, json_compact(receipt_keys_json(:ring::jsonb)) as body, etag_of(json_compact(receipt_keys_json(:ring::jsonb))) as etag

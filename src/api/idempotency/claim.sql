-- Takes an idempotency key (its hashes under every master key) for this transaction, or raises SG001 (answered before) or
-- SG002 (still running). VALUES and not SELECT: it must not itself be wrapped to keep an answer.
-- @write
values (idempotency_claim(:key_hashes::bytea[]))

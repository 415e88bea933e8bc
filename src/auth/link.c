/* The secret of a link: keyed BLAKE2b of what it is for and of its id. */
#include "segreteria/auth/link.h"

#include <sodium.h>

void link_secret(const struct key *key, struct str purpose, const struct uuid *id,
                 char out[TOKEN_TEXT_SIZE]) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key_subkey(key, SUBKEY_LINK), KEYS_SUBKEY_BYTES,
                                  sizeof secret);
    /* The id first: its length is fixed, so no purpose can stand for another one and an id. */
    (void)crypto_generichash_update(&state, id->bytes, sizeof id->bytes);
    (void)crypto_generichash_update(&state, (const unsigned char *)purpose.ptr, purpose.len);
    (void)crypto_generichash_final(&state, secret, sizeof secret);
    token_format(TOKEN_LINK, secret, out);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(&state, sizeof state);
}

enum status link_secret_stored(const struct keys *keys, struct str purpose, const struct uuid *id,
                               const unsigned char hash[TOKEN_HASH_BYTES],
                               char out[TOKEN_TEXT_SIZE]) {
    unsigned char made[TOKEN_HASH_BYTES];
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = keys_nth(keys, i);
        link_secret(key, purpose, id, out);
        token_hash_with(key, str_of(out), made);
        if (sodium_memcmp(made, hash, sizeof made) == 0)
            return STATUS_OK;
    }
    sodium_memzero(out, TOKEN_TEXT_SIZE);
    return STATUS_NOT_FOUND;
}

/* The secret of a link: keyed BLAKE2b of what it is for and of its id. */
#include "segreteria/auth/link.h"

#include <sodium.h>

void link_secret(const struct keys *keys, struct str purpose, const struct uuid *id,
                 char out[TOKEN_TEXT_SIZE]) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, keys->link, sizeof keys->link, sizeof secret);
    /* The id first: its length is fixed, so no purpose can stand for another one and an id. */
    (void)crypto_generichash_update(&state, id->bytes, sizeof id->bytes);
    (void)crypto_generichash_update(&state, (const unsigned char *)purpose.ptr, purpose.len);
    (void)crypto_generichash_final(&state, secret, sizeof secret);
    token_format(TOKEN_LINK, secret, out);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(&state, sizeof state);
}

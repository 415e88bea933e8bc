/* Makes the secret of an API token: named once in the answer, stored as a keyed hash. */
#include "token_secret.h"

#include <sodium.h>

#define PREFIX_CHARS 8 /* "sgr_" and four characters: 24 of 190 bits, no help in guessing */

enum status token_secret_prepare(struct api_call *call) {
    unsigned char secret[TOKEN_SECRET_BYTES], hash[TOKEN_HASH_BYTES];
    char *text = arena_alloc(call->arena, TOKEN_TEXT_SIZE);
    char *hash_text = arena_alloc(call->arena, TOKEN_HASH_TEXT_SIZE);
    if (text == NULL || hash_text == NULL)
        return STATUS_NO_MEMORY;
    api_secret(call, "api_token", secret);
    token_format(TOKEN_ACCESS, secret, text);
    sodium_memzero(secret, sizeof secret);
    token_hash(call->keys, str_of(text), hash);
    token_hash_text(hash, hash_text);
    api_bind(call, "token_hash", str_of(hash_text));
    api_bind(call, "prefix", str_from(text, PREFIX_CHARS));
    call->tail = arena_printf(call->arena, "\"secret\":\"%s\"", text);
    return str_is_none(call->tail) ? STATUS_NO_MEMORY : STATUS_OK;
}

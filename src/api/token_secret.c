/* Makes the secret of an API token: named once in the answer, stored as a keyed hash. */
#include "token_secret.h"

#include <sodium.h>

#define PREFIX_CHARS 8 /* "sgr_" and four characters: 24 of 190 bits, no help in guessing */

enum status token_secret_prepare(struct api_call *call) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    char *text = arena_alloc(call->arena, TOKEN_TEXT_SIZE);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    api_secret(call, "api_token", secret);
    token_format(TOKEN_ACCESS, secret, text);
    sodium_memzero(secret, sizeof secret);
    enum status status = api_bind_hash(call, "token_hash", keys_current(call->keys), str_of(text));
    api_bind(call, "prefix", str_from(text, PREFIX_CHARS));
    call->tail = arena_printf(call->arena, "\"secret\":\"%s\"", text);
    return str_is_none(call->tail) ? STATUS_NO_MEMORY : status;
}

/* The secrets of a new session: made here, hashed for PostgreSQL, and named once, in the answer's
 * `session` member. */
#include <sodium.h>

#include "internal.h"

static bool bind_hash(struct api_call *call, const char *name, struct str token) {
    unsigned char hash[TOKEN_HASH_BYTES];
    char *text = arena_alloc(call->arena, TOKEN_HASH_TEXT_SIZE);
    if (text == NULL)
        return false;
    token_hash(call->keys, token, hash);
    token_hash_text(hash, text);
    api_bind(call, name, str_of(text));
    return true;
}

enum status api_session_prepare(struct api_call *call) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    char access[TOKEN_TEXT_SIZE], refresh[TOKEN_TEXT_SIZE];
    api_secret(call, "access", secret);
    token_format(TOKEN_ACCESS, secret, access);
    api_secret(call, "refresh", secret);
    token_format(TOKEN_REFRESH, secret, refresh);
    sodium_memzero(secret, sizeof secret);
    bool bound = bind_hash(call, "access_hash", str_of(access)) &&
                 bind_hash(call, "refresh_hash", str_of(refresh));
    call->tail = arena_printf(
        call->arena,
        "\"session\":{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d,"
        "\"refresh_token\":\"%s\"}",
        access, API_SESSION_SECONDS, refresh);
    return bound && !str_is_none(call->tail) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* The secrets of a new session: made here, hashed for PostgreSQL, and named once, in the answer's
 * `session` member. */
#include <sodium.h>

#include "internal.h"

enum status api_session_prepare(struct api_call *call) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    char access[TOKEN_TEXT_SIZE], refresh[TOKEN_TEXT_SIZE];
    api_secret(call, "access", secret);
    token_format(TOKEN_ACCESS, secret, access);
    api_secret(call, "refresh", secret);
    token_format(TOKEN_REFRESH, secret, refresh);
    sodium_memzero(secret, sizeof secret);
    const struct key *key = keys_current(call->keys);
    enum status status = api_bind_hash(call, "access_hash", key, str_of(access));
    if (status == STATUS_OK)
        status = api_bind_hash(call, "refresh_hash", key, str_of(refresh));
    call->tail = arena_printf(
        call->arena,
        "\"session\":{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d,"
        "\"refresh_token\":\"%s\"}",
        access, API_SESSION_SECONDS, refresh);
    return str_is_none(call->tail) ? STATUS_NO_MEMORY : status;
}

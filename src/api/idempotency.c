/* Idempotency-Key: the key and a fingerprint of the request as keyed hashes, and the answer given
 * again.
 *
 * The claim, the operation's statement and the stored answer are one transaction (see db/lane.h),
 * so a key is either not there or there with its effect. What is stored never holds a secret: those
 * are derived again (api_secret).
 */
#include <sodium.h>

#include "generated/statements.h"
#include "internal.h"

#define KEY_MAX_BYTES 255

static void feed(crypto_generichash_state *state, struct str s) {
    uint64_t len = s.len;
    (void)crypto_generichash_update(state, (const unsigned char *)&len, sizeof len);
    (void)crypto_generichash_update(state, (const unsigned char *)s.ptr, s.len);
}

static bool hash_text(struct arena *arena, crypto_generichash_state *state, struct str *out) {
    unsigned char hash[IDEMPOTENCY_HASH_BYTES];
    char *text = arena_alloc(arena, TOKEN_HASH_TEXT_SIZE);
    if (text == NULL)
        return false;
    (void)crypto_generichash_final(state, hash, sizeof hash);
    token_hash_text(hash, text);
    *out = str_of(text);
    return true;
}

/* The answer to the making of a token is a secret with its maker's rights: a narrower token of the
 * account that sends the same request again must not get it. Other answers hold no rights. */
static scope_set handed_on(const struct api_call *call) {
    scope_set making = 0;
    if (contract_scope_parse(STR("tokens:write"), &making) != STATUS_OK)
        return call->principal.scopes;
    return (call->operation->scopes & making) != 0 ? call->principal.scopes : 0;
}

bool idempotency_hash(const struct api_call *call, struct arena *arena, struct str key,
                      uint64_t line, struct str body, struct db_idempotency *out) {
    const unsigned char *subkey = key_subkey(call->key, SUBKEY_IDEMPOTENCY);
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, subkey, KEYS_SUBKEY_BYTES, IDEMPOTENCY_HASH_BYTES);
    feed(&state,
         str_of(
             call->principal.account_id)); /* "" for anybody: then the fingerprint alone protects */
    feed(&state, key);
    (void)crypto_generichash_update(&state, (const unsigned char *)&line, sizeof line);
    if (!hash_text(arena, &state, &out->key_hash))
        return false;
    (void)crypto_generichash_init(&state, subkey, KEYS_SUBKEY_BYTES, IDEMPOTENCY_HASH_BYTES);
    feed(&state, call->operation->id);
    feed(&state, str_of(call->principal.company_id)); /* an account may move to another */
    scope_set rights = handed_on(call);
    (void)crypto_generichash_update(&state, (const unsigned char *)&rights, sizeof rights);
    feed(&state, http_request_path(call->request));
    feed(&state, http_request_query(call->request));
    feed(&state, body);
    out->operation = call->operation->id;
    return hash_text(arena, &state, &out->fingerprint);
}

/* Printable ASCII only: a key with control or 8-bit bytes is a client's mistake, better told than
 * stored. */
static bool key_is_sane(struct str key) {
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] < 0x20 || key.ptr[i] > 0x7E)
            return false;
    return key.len > 0 && key.len <= KEY_MAX_BYTES;
}

static void refuse_key(struct api_call *call) {
    struct parameter_violation violation = {
        .place = IN_HEADER,
        .name = STR("Idempotency-Key"),
        .violation = {.pointer = STR(""), .code = "max_length"}};
    violation.violation.params[0] = STR("255");
    struct http_problem problem = {.code = "invalid_parameter", .parameter_violations = &violation};
    http_problem_send(call->request, &problem);
}

bool idempotency_prepare(struct api_call *call) {
    struct str key = http_request_header(call->request, STR("Idempotency-Key"));
    if (call->operation->method != HTTP_POST || str_is_none(key))
        return true;
    if (!key_is_sane(key)) {
        refuse_key(call);
        return false;
    }
    if (call->operation->stream)
        return true; /* its parts are idempotent one by one: see jobs/batch_line.c */
    call->has_idempotency_key = idempotency_hash(call, call->arena, key, 0, call->body_text,
                                                 &call->idempotency);
    if (!call->has_idempotency_key)
        api_fail(call, STATUS_NO_MEMORY);
    return call->has_idempotency_key;
}

static void in_progress(struct api_call *call) {
    struct http_problem problem = {.code = "idempotency_in_progress", .headers_count = 1};
    problem.headers[0].name = STR("Retry-After");
    problem.headers[0].value = STR("1");
    http_problem_send(call->request, &problem);
}

static void on_stored(struct api_call *call, const struct db_result *result) {
    struct str fingerprint = db_result_get(result, "fingerprint");
    if (db_result_rows(result) == 0) { /* purged between the claim and this look */
        in_progress(call);
        return;
    }
    if (fingerprint.len != call->idempotency.fingerprint.len ||
        sodium_memcmp(fingerprint.ptr, call->idempotency.fingerprint.ptr, fingerprint.len) != 0) {
        api_problem(call, "idempotency_key_reused");
        return;
    }
    call->replayed = true;
    api_reply_row(call, result);
}

bool idempotency_refused(struct api_call *call, const char *sqlstate) {
    if (strcmp(sqlstate, "SG002") == 0) {
        in_progress(call);
        return true;
    }
    if (strcmp(sqlstate, "SG001") != 0)
        return false;
    api_bind(call, "key_hash", call->idempotency.key_hash);
    enum status status = api_submit_then(call, &stmt_idempotency_read, on_stored);
    if (status != STATUS_OK)
        api_fail(call, status);
    return true;
}

void api_secret(const struct api_call *call, const char *label,
                unsigned char out[TOKEN_SECRET_BYTES]) {
    if (!call->has_idempotency_key) {
        randombytes_buf(out, TOKEN_SECRET_BYTES);
        return;
    }
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key_subkey(call->key, SUBKEY_DERIVE), KEYS_SUBKEY_BYTES,
                                  TOKEN_SECRET_BYTES);
    feed(&state, str_of(label));
    feed(&state, call->idempotency.key_hash);
    feed(&state, call->idempotency.fingerprint);
    (void)crypto_generichash_final(&state, out, TOKEN_SECRET_BYTES);
}

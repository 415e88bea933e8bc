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

/* The answer to the making of a token is a secret with its maker's rights: a narrower token of the
 * account that sends the same request again must not get it. Other answers hold no rights. */
static scope_set handed_on(const struct api_call *call) {
    scope_set making = 0;
    if (contract_scope_parse(STR("tokens:write"), &making) != STATUS_OK)
        return call->principal.scopes;
    return (call->operation->scopes & making) != 0 ? call->principal.scopes : 0;
}

/* The caller's key under one of the master keys. Like a token's hash it ends with that one's id. */
static void hash_key(const struct api_call *call, const struct key *with, struct str key,
                     uint64_t line, unsigned char out[IDEMPOTENCY_HASH_BYTES]) {
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key_subkey(with, SUBKEY_IDEMPOTENCY), KEYS_SUBKEY_BYTES,
                                  IDEMPOTENCY_HASH_BYTES);
    feed(&state,
         str_of(
             call->principal.account_id)); /* "" for anybody: then the fingerprint alone protects */
    feed(&state, key);
    (void)crypto_generichash_update(&state, (const unsigned char *)&line, sizeof line);
    (void)crypto_generichash_final(&state, out, IDEMPOTENCY_HASH_BYTES);
    if (with->marks)
        memcpy(out + IDEMPOTENCY_HASH_BYTES - KEY_ID_BYTES, with->id, KEY_ID_BYTES);
}

static void hash_request(const struct api_call *call, const struct key *with, struct str body,
                         unsigned char out[IDEMPOTENCY_HASH_BYTES]) {
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key_subkey(with, SUBKEY_IDEMPOTENCY), KEYS_SUBKEY_BYTES,
                                  IDEMPOTENCY_HASH_BYTES);
    feed(&state, call->operation->id);
    feed(&state, str_of(call->principal.company_id)); /* an account may move to another */
    scope_set rights = handed_on(call);
    (void)crypto_generichash_update(&state, (const unsigned char *)&rights, sizeof rights);
    feed(&state, http_request_path(call->request));
    feed(&state, http_request_query(call->request));
    feed(&state, body);
    (void)crypto_generichash_final(&state, out, IDEMPOTENCY_HASH_BYTES);
}

static struct str text_of(struct arena *arena, const unsigned char hash[IDEMPOTENCY_HASH_BYTES]) {
    char *text = arena_alloc(arena, TOKEN_HASH_TEXT_SIZE);
    if (text == NULL)
        return STR_NONE;
    token_hash_text(hash, text);
    return str_of(text);
}

static bool hash_with(const struct api_call *call, const struct key *with, struct arena *arena,
                      struct str key, uint64_t line, struct str body, struct db_idempotency *out) {
    unsigned char hash[IDEMPOTENCY_HASH_BYTES];
    hash_key(call, with, key, line, hash);
    out->key_hash = text_of(arena, hash);
    hash_request(call, with, body, hash);
    out->fingerprint = text_of(arena, hash);
    out->operation = call->operation->id;
    return !str_is_none(out->key_hash) && !str_is_none(out->fingerprint);
}

bool idempotency_hash(const struct api_call *call, struct arena *arena, struct str key,
                      uint64_t line, struct str body, struct db_idempotency *out) {
    struct str hashes[KEYS_MAX];
    unsigned char hash[IDEMPOTENCY_HASH_BYTES];
    for (size_t i = 0; i < call->keys->count; i++) {
        hash_key(call, &call->keys->list[i], key, line, hash);
        hashes[i] = text_of(arena, hash);
        if (str_is_none(hashes[i]))
            return false;
    }
    out->key_hashes = bind_array(arena, hashes, call->keys->count);
    return !str_is_none(out->key_hashes) && hash_with(call, call->key, arena, key, line, body, out);
}

const struct key *idempotency_match(const struct api_call *call, struct arena *arena,
                                    struct str key, uint64_t line, struct str body,
                                    const struct db_result *stored, bool *same) {
    struct str key_hash = db_result_get(stored, "key_hash");
    struct str fingerprint = db_result_get(stored, "fingerprint");
    for (size_t i = 0; i < call->keys->count; i++) {
        struct db_idempotency made;
        const struct key *with = keys_nth(call->keys, i);
        if (!hash_with(call, with, arena, key, line, body, &made))
            return NULL;
        if (!str_eq(made.key_hash, key_hash))
            continue;
        *same = fingerprint.len == made.fingerprint.len &&
                sodium_memcmp(fingerprint.ptr, made.fingerprint.ptr, fingerprint.len) == 0;
        return with;
    }
    return NULL;
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
    if (call->streams)
        return true; /* its parts are idempotent one by one: see jobs/batch_line.c */
    call->has_idempotency_key = idempotency_hash(call, call->arena, key, 0, call->body_text,
                                                 &call->idempotency);
    if (!call->has_idempotency_key)
        api_fail(call, STATUS_NO_MEMORY);
    return call->has_idempotency_key;
}

bool idempotency_prepare_for(struct api_call *call, struct str body) {
    struct str key = http_request_header(call->request, STR("Idempotency-Key"));
    if (str_is_none(key))
        return true;
    call->body_text = body;
    call->has_idempotency_key = idempotency_hash(call, call->arena, key, 0, body,
                                                 &call->idempotency);
    return call->has_idempotency_key;
}

static void in_progress(struct api_call *call) {
    struct http_problem problem = {.code = "idempotency_in_progress", .headers_count = 1};
    problem.headers[0].name = STR("Retry-After");
    problem.headers[0].value = STR("1");
    http_problem_send(call->request, &problem);
}

/* The secrets of an answer are derived from the master key it was made under: under another one
 * the operation begins once more with that, so that they are made again. It ends here again. */
static void on_stored(struct api_call *call, const struct db_result *result) {
    struct str key = http_request_header(call->request, STR("Idempotency-Key"));
    bool same = false;
    const struct key *with = db_result_rows(result) == 0
                                 ? NULL
                                 : idempotency_match(call, call->arena, key, 0, call->body_text,
                                                     result, &same);
    if (with == NULL) { /* purged between the claim and this look */
        in_progress(call);
    } else if (!same) {
        api_problem(call, "idempotency_key_reused");
    } else if (with == call->key || call->streams) { /* a stream's answer has no secret */
        call->replayed = true;
        api_reply_row(call, result);
    } else {
        call->key = with;
        if (idempotency_prepare(call))
            call_again(call);
    }
}

static enum status look_for_stored(struct api_call *call, api_row_handler then) {
    api_bind(call, "key_hashes", call->idempotency.key_hashes);
    return api_submit_then(call, &stmt_idempotency_read, then);
}

static void on_looked(struct api_call *call, const struct db_result *result) {
    if (db_result_rows(result) == 0)
        api_problem(call, call->refusal);
    else
        on_stored(call, result);
}

/* The look comes after whatever led to the refusal: if that saw the effect of the first request,
 * this sees its answer, for they are one transaction. */
enum status api_refuse(struct api_call *call, const char *code) {
    call->refusal = code;
    if (call->has_idempotency_key)
        return look_for_stored(call, on_looked);
    api_problem(call, code);
    return STATUS_OK;
}

bool idempotency_refused(struct api_call *call, const char *sqlstate) {
    if (strcmp(sqlstate, "SG002") == 0) {
        in_progress(call);
        return true;
    }
    if (strcmp(sqlstate, "SG001") != 0)
        return false;
    enum status status = look_for_stored(call, on_stored);
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

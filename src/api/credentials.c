/* Passwords that are given: counted before Argon2id is spent on them, so that guessing is slow
 * whatever the number of connections, and given back when they were right (migration 0025).
 *
 * An unknown account and a wrong password go the same way in the same time: the same statement, the
 * same work on a helper thread, the same answer.
 */
#include "credentials.h"

#include "generated/statements.h"
#include "internal.h"
#include "second_factor.h"

/* Binds a copy: a row's values end with the row. */
static bool keep(struct api_call *call, const char *name, struct str value) {
    const char *copy = str_is_none(value) ? NULL : arena_strdup(call->arena, value);
    api_bind(call, name, str_from(copy, copy == NULL ? 0 : value.len));
    return copy != NULL || str_is_none(value);
}

static void too_many(struct api_call *call, struct str seconds) {
    struct http_problem problem = {.code = "too_many_attempts", .headers_count = 1};
    const char *copy = arena_strdup(call->arena, seconds);
    problem.headers[0].name = STR("Retry-After");
    problem.headers[0].value = copy == NULL ? STR("60") : str_from(copy, seconds.len);
    http_problem_send(call->request, &problem);
}

struct str credentials_login(struct api_call *call) {
    struct str login = STR_NONE;
    return bind_value(call, "login", &login) == STATUS_OK ? login : STR_NONE;
}

struct str credentials_totp_secret(struct api_call *call) {
    struct str secret = STR_NONE;
    return bind_value(call, "totp_secret", &secret) == STATUS_OK ? secret : STR_NONE;
}

static void on_settled(struct api_call *call, const struct db_result *result) {
    const struct credentials *given = call->state;
    struct str wait = db_result_get(result, "retry_after");
    struct str secret = db_result_get(result, "totp_secret");
    enum status status = STATUS_OK;
    if (!str_is_none(wait)) {
        too_many(call, wait);
        return;
    }
    if (!keep(call, "totp_secret", secret))
        status = STATUS_NO_MEMORY;
    else if (!str_is_none(secret) && given->missing_code != NULL) {
        struct str account_id = STR_NONE;
        status = !second_factor_given(call) ? STATUS_NOT_FOUND
                                            : bind_value(call, "account_id", &account_id);
        if (status == STATUS_OK)
            status = second_factor_match(call, account_id, secret);
    }
    switch (status) {
    case STATUS_OK: given->then(call); break;
    case STATUS_NOT_FOUND: api_problem(call, given->missing_code); break;
    case STATUS_MISMATCH: api_problem(call, given->wrong_totp); break;
    default: api_fail(call, status);
    }
}

static void settle(struct api_call *call) {
    enum status status = api_submit_then(call, &stmt_auth_settle, on_settled);
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* Where the password was changed meanwhile, that change stands; this one was right all the same. */
static void on_rehash_stored(struct api_call *call, const struct db_result *result) {
    (void)result;
    settle(call);
}

static void on_rehashed(struct api_call *call, struct password_job *job) {
    enum status status = STATUS_NO_MEMORY;
    if (keep(call, "password_hash", str_of(job->hash)))
        status = api_submit_then(call, &stmt_auth_password_rehash, on_rehash_stored);
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* The cost was raised since the password was set: this is the one moment its text is at hand. */
static void on_verified(struct api_call *call, struct password_job *job) {
    const struct credentials *given = call->state;
    enum status status = STATUS_OK;
    if (!job->matches)
        api_problem(call, given->wrong_code);
    else if (job->needs_rehash)
        status = api_password_hash(call, given->password, on_rehashed);
    else
        settle(call);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_attempt(struct api_call *call, const struct db_result *result) {
    const struct credentials *given = call->state;
    struct str wait = db_result_get(result, "retry_after");
    struct str stored = db_result_get(result, "password_hash");
    if (!str_is_none(wait)) {
        too_many(call, wait);
        return;
    }
    if (!keep(call, "account_id", db_result_get(result, "account_id")) ||
        !keep(call, "login", db_result_get(result, "login")) ||
        !keep(call, "known", db_result_get(result, "known")) ||
        !keep(call, "device", db_result_get(result, "device")) || !keep(call, "old_hash", stored)) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    enum status status = api_password_verify(call, given->password, stored, on_verified);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static enum status bind_device(struct api_call *call, struct str token) {
    api_bind(call, "device_hashes", STR("{}"));
    if (token_check(TOKEN_REFRESH, token) != STATUS_OK)
        return STATUS_OK; /* it is no secret that this proves nothing */
    struct str list = token_hashes_text(call->keys, token, call->arena);
    api_bind(call, "device_hashes", list);
    return str_is_none(list) ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status credentials_check(struct api_call *call, const struct credentials *given) {
    /* Before it is counted: who is turned away because others crowd the queue has tried nothing. */
    if (helpers_full(call->worker->shared->password_helpers))
        return STATUS_BUSY;
    struct credentials *kept = arena_alloc(call->arena, sizeof *kept);
    if (kept == NULL)
        return STATUS_NO_MEMORY;
    *kept = *given;
    call->state = kept;
    api_bind(call, "login", given->login);
    api_bind(call, "account_id",
             str_is_none(given->login) ? str_of(call->principal.account_id) : STR_NONE);
    api_bind(call, "address", http_request_client_address(call->request));
    bool with_code = given->missing_code != NULL && second_factor_given(call);
    api_bind(call, "with_code", with_code ? STR("true") : STR("false"));
    second_factor_none(call);
    enum status status = bind_device(call, given->device);
    return status != STATUS_OK ? status : api_submit_then(call, &stmt_auth_attempt, on_attempt);
}

enum status credentials_check_own(struct api_call *call, const char *password_member,
                                  enum credentials_asked asked,
                                  void (*then)(struct api_call *call)) {
    const char *no_code = asked == ASK_PASSWORD_AND_CODE ? "wrong_totp_code" : NULL;
    const struct credentials credentials = {
        .login = STR_NONE,
        .password = api_body_text(call, password_member, NULL),
        .device = STR_NONE,
        .wrong_code = "wrong_password",
        .missing_code = no_code,
        .wrong_totp = no_code,
        .then = then,
    };
    return credentials_check(call, &credentials);
}

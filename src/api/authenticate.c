/* From the Authorization field to a principal, and whether it may call the operation. RFC 6750. */
#include <sodium.h>

#include "generated/statements.h"
#include "internal.h"
#include "segreteria/core/clock.h"

static void challenge(struct api_call *call, const char *code, struct str parameters) {
    struct http_problem problem = {.code = code};
    struct str value = arena_printf(call->arena, "Bearer realm=\"segreteria\"%.*s",
                                    STR_FMT(parameters));
    problem.headers[0].name = STR("WWW-Authenticate");
    problem.headers[0].value = value;
    problem.headers_count = 1;
    http_problem_send(call->request, &problem);
}

void refuse_token(struct api_call *call) {
    challenge(call, "invalid_token", STR(", error=\"invalid_token\""));
}

static void bad_token(struct api_call *call) {
    limit_bad_token(call);
    refuse_token(call);
}

static void refuse_scope(struct api_call *call) {
    struct buf scopes;
    buf_init(&scopes, 1024);
    for (unsigned bit = 0; contract_scope_name(bit) != NULL; bit++)
        if ((call->operation->scopes >> bit & 1u) != 0)
            buf_printf(&scopes, "%s%s", scopes.len > 0 ? " " : "", contract_scope_name(bit));
    struct str parameters = arena_printf(
        call->arena, ", error=\"insufficient_scope\", scope=\"%.*s\"", STR_FMT(buf_str(&scopes)));
    buf_deinit(&scopes);
    challenge(call, "insufficient_scope", parameters);
}

/* Kind first (a candidate has no business with a company's operation whatever its scopes), then for
 * which company, then role, then scopes. */
static void authorise(struct api_call *call, void (*then)(struct api_call *call)) {
    const struct operation *operation = call->operation;
    if ((operation->principals >> call->principal.kind & 1u) == 0) {
        api_problem(call, "forbidden");
        return;
    }
    if (call->principal.kind == PRINCIPAL_COMPANY && !company_admits(call))
        return;
    if (call->principal.kind == PRINCIPAL_COMPANY && call->principal.role < operation->role_min)
        api_problem(call, "forbidden");
    else if ((operation->scopes & ~call->principal.scopes) != 0)
        refuse_scope(call);
    else
        then(call);
}

static void accept(struct api_call *call, const struct principal *principal,
                   void (*then)(struct api_call *call)) {
    if (principal->expires_unix_ms <= clock_unix_ms()) {
        bad_token(call);
        return;
    }
    call->principal = *principal;
    call->authenticated = true;
    authorise(call, then);
}

static void copy_id(char out[UUID_TEXT_SIZE], struct str value) {
    if (value.len == UUID_TEXT_SIZE - 1)
        memcpy(out, value.ptr, UUID_TEXT_SIZE);
}

/* "{jobs:read,jobs:write}"; names without quotes as PostgreSQL writes them. */
static scope_set parse_scopes(struct str array) {
    scope_set scopes = 0, bit;
    if (array.len < 2)
        return 0;
    struct str rest = str_from(array.ptr + 1, array.len - 2), name;
    while (str_split(&rest, ',', &name)) {
        if (name.len >= 2 && name.ptr[0] == '"')
            name = str_from(name.ptr + 1, name.len - 2);
        if (contract_scope_parse(name, &bit) == STATUS_OK)
            scopes |= bit;
    }
    return scopes;
}

/* False: the row cannot be understood, which is a bug; nobody gets in by it. */
static bool read_principal(const struct db_result *result, struct principal *out) {
    *out = (struct principal){.expires_unix_ms = INT64_MAX};
    if (principal_kind_parse(db_result_get(result, "kind"), &out->kind) != STATUS_OK)
        return false;
    struct str role = db_result_get(result, "role");
    if (!str_is_none(role) && company_role_parse(role, &out->role) != STATUS_OK)
        return false;
    copy_id(out->account_id, db_result_get(result, "account_id"));
    copy_id(out->company_id, db_result_get(result, "company_id"));
    copy_id(out->candidate_id, db_result_get(result, "candidate_id"));
    copy_id(out->token_id, db_result_get(result, "token_id"));
    out->scopes = parse_scopes(db_result_get(result, "scopes"));
    out->api_token = str_eq(db_result_get(result, "token_type"), STR("api"));
    out->former_secret = str_eq(db_result_get(result, "former_secret"), STR("t"));
    out->suspended = str_eq(db_result_get(result, "suspended"), STR("t"));
    out->several_companies = str_eq(db_result_get(result, "several"), STR("t"));
    struct str expires = db_result_get(result, "expires_unix_ms");
    uint64_t unix_ms;
    if (!str_is_none(expires)) {
        if (str_to_u64(expires, INT64_MAX, &unix_ms) != STATUS_OK)
            return false;
        out->expires_unix_ms = (int64_t)unix_ms;
    }
    return true;
}

static void look_up(struct api_call *call, void (*then)(struct api_call *call));

static void find_principal(struct api_call *call, void (*then)(struct api_call *call));

/* What a session of several companies may do in the one that the request names is looked up (and
 * remembered) apart. */
static void choose(struct api_call *call, const struct principal *principal,
                   void (*then)(struct api_call *call)) {
    if (principal->several_companies && call->chosen_company[0] == '\0' && company_named(call)) {
        auth_cache_key_for_company(call->cache_key, call->chosen_company);
        find_principal(call, then);
    } else {
        accept(call, principal, then);
    }
}

static void find_principal(struct api_call *call, void (*then)(struct api_call *call)) {
    struct principal principal;
    switch (auth_cache_get(call->worker->tokens, call->cache_key, loop_now_ms(call->worker->loop),
                           &principal)) {
    case AUTH_CACHE_FOUND: choose(call, &principal, then); break;
    case AUTH_CACHE_UNKNOWN: bad_token(call); break;
    case AUTH_CACHE_MISS:
        if (limit_may_look_up(call))
            look_up(call, then);
        break;
    }
}

static void renew_hash(struct api_call *call) {
    struct str hashes;
    if (bind_value(call, "token_hashes", &hashes) == STATUS_OK)
        token_rehash(call->worker, hashes);
}

static void on_token(struct api_call *call, const struct db_result *result) {
    void (*then)(struct api_call * call) = call->then;
    struct auth_cache *cache = call->worker->tokens;
    uint64_t now = loop_now_ms(call->worker->loop);
    struct principal principal;
    bool everywhere = str_eq(db_result_get(result, "everywhere"), STR("t"));
    if (db_result_rows(result) == 0) {
        auth_cache_put(cache, call->cache_key, call->token_snapshot, now, NULL);
        bad_token(call);
    } else if (!read_principal(result, &principal)) {
        log_error("principal_unreadable", "request_id=%.*s",
                  STR_FMT(http_request_id(call->request)));
        api_fail(call, STATUS_INTERNAL);
    } else if (!everywhere && !str_eq(db_result_get(result, "here"), STR("t"))) {
        bad_token(call);
    } else {
        /* What is right for one address is not for the next; and there is no end of companies that
         * one is not a member of. */
        if (everywhere && (call->chosen_company[0] == '\0' || principal.company_id[0] != '\0'))
            auth_cache_put(cache, call->cache_key, call->token_snapshot, now, &principal);
        if (str_eq(db_result_get(result, "touch"), STR("t")) && !principal.api_token)
            session_touch(call->worker, str_of(principal.token_id));
        else if (str_eq(db_result_get(result, "touch"), STR("t")))
            token_touch(call->worker, str_of(principal.token_id),
                        http_request_client_address(call->request));
        if (str_eq(db_result_get(result, "former_key"), STR("t")))
            renew_hash(call);
        choose(call, &principal, then);
    }
}

/* The token of "Bearer <token>"; STR_NONE when the field has another form. */
struct str bearer_token(const struct api_call *call) {
    struct str field = http_request_header(call->request, STR("Authorization"));
    if (field.len < 8 || !str_eq_nocase(str_from(field.ptr, 6), STR("Bearer")) ||
        field.ptr[6] != ' ')
        return STR_NONE;
    return str_trim(str_from(field.ptr + 7, field.len - 7));
}

static void look_up(struct api_call *call, void (*then)(struct api_call *call)) {
    struct str token = bearer_token(call);
    struct str hashes = token_hashes_text(call->keys, token, call->arena);
    if (str_is_none(hashes)) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    api_bind(call, "token_hashes", hashes);
    api_bind(call, "peer", http_request_client_address(call->request));
    call->then = then;
    call->token_snapshot = auth_cache_snapshot(call->worker->tokens);
    enum status status = api_submit_then(call, &stmt_auth_token_lookup, on_token);
    if (status != STATUS_OK)
        api_fail(call, status);
}

void authenticate(struct api_call *call, void (*then)(struct api_call *call)) {
    struct str field = http_request_header(call->request, STR("Authorization"));
    if (str_is_none(field) || !call->operation->bearer_allowed) {
        if (call->operation->anonymous_allowed)
            then(call);
        else
            challenge(call, "unauthorized", STR(""));
        return;
    }
    struct str token = bearer_token(call);
    if (token_check(TOKEN_ACCESS, token) != STATUS_OK) {
        bad_token(call);
        return;
    }
    token_hash(call->keys, token, call->token_hash);
    memcpy(call->cache_key, call->token_hash, sizeof call->cache_key);
    find_principal(call, then);
}

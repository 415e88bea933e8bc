/* POST /v1/sessions: sign-in. An unknown address and a wrong password take the same time and get
 * the same answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

static void open_session(struct api_call *call) {
    enum status status = api_session_prepare(call);
    if (status == STATUS_OK)
        status = api_submit(call, &stmt_sessions_create);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_stored(struct api_call *call, const struct db_result *result) {
    (void)result; /* where the password was changed meanwhile, that change stands; this sign-in was
                     right all the same */
    open_session(call);
}

static void on_rehashed(struct api_call *call, struct password_job *job) {
    char *hash = arena_strdup(call->arena, str_of(job->hash));
    enum status status = STATUS_NO_MEMORY;
    if (hash != NULL) {
        api_bind(call, "password_hash", str_of(hash));
        status = api_submit_then(call, &stmt_auth_password_rehash, on_stored);
    }
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* The cost was raised since the password was set: this is the one moment its text is at hand. */
static void rehash_first(struct api_call *call, struct password_job *job) {
    char *old_hash = arena_strdup(call->arena, str_of(job->hash));
    if (old_hash == NULL) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    api_bind(call, "old_hash", str_of(old_hash));
    enum status status = api_password_hash(call, api_body_text(call, "password", NULL),
                                           on_rehashed);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_verified(struct api_call *call, struct password_job *job) {
    if (!job->matches)
        api_problem(call, "invalid_credentials");
    else if (job->needs_rehash)
        rehash_first(call, job);
    else
        open_session(call);
}

static void on_account(struct api_call *call, const struct db_result *result) {
    struct str account_id = db_result_get(result, "account_id");
    struct str stored = db_result_get(result, "password_hash");
    char *id = arena_strdup(call->arena, account_id), *hash = arena_strdup(call->arena, stored);
    if (id == NULL || hash == NULL) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    api_bind(call, "account_id", str_is_none(account_id) ? STR_NONE : str_of(id));
    enum status status = api_password_verify(call, api_body_text(call, "password", NULL),
                                             str_is_none(stored) ? STR_NONE : str_of(hash),
                                             on_verified);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_sessions_create(struct api_call *call) {
    api_bind(call, "email", api_body_text(call, "email", NULL));
    return api_submit_then(call, &stmt_auth_login_lookup, on_account);
}

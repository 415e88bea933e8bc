/* POST /v1/invitations/accept: with the link's secret, by somebody without an account, who chooses
 * a password and gets one, or by an account that is signed in. The link is looked up first: only
 * who has one is worth an Argon2id. A request that is sent again under its Idempotency-Key has used
 * its link itself; what it is given then needs none, either.
 */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

static bool given(const struct api_call *call, const char *member) {
    return json_object_get(call->body, member) != NULL;
}

/* What the contract cannot say: a new account needs both members, one that exists neither. False:
 * an answer was given. */
static bool members_fit(struct api_call *call) {
    static const char *const names[] = {"password", "name"}, *const pointers[] = {"/password",
                                                                                  "/name"};
    const char *code = call->authenticated ? "false_schema" : "required";
    struct violations violations;
    violations_init(&violations, call->arena);
    for (size_t i = 0; i < 2; i++)
        if (given(call, names[i]) == call->authenticated)
            violations_add(&violations, str_of(pointers[i]), code, str_of(names[i]), STR_NONE);
    if (violations.count == 0)
        return true;
    struct http_problem problem = {.code = "validation_failed", .body_violations = &violations};
    http_problem_send(call->request, &problem);
    return false;
}

static void on_hash(struct api_call *call, struct password_job *job) {
    char *hash = arena_strdup(call->arena, str_of(job->hash));
    enum status status = hash == NULL ? STATUS_NO_MEMORY : api_session_prepare(call);
    if (status == STATUS_OK) {
        api_bind(call, "password_hash", str_of(hash));
        status = api_submit(call, &stmt_invitations_accept);
    }
    if (status != STATUS_OK)
        api_fail(call, status);
}

static enum status make_account(struct api_call *call) {
    struct str password = api_body_text(call, "password", NULL);
    if (!api_password_acceptable(call, "/password", password, STR_NONE))
        return STATUS_OK;
    return api_password_hash(call, password, on_hash);
}

static enum status refuse(struct api_call *call, struct str code) {
    const char *text = arena_strdup(call->arena, code);
    enum status status = text == NULL ? STATUS_NO_MEMORY : api_session_prepare(call);
    return status == STATUS_OK ? api_refuse(call, text) : status;
}

static void on_checked(struct api_call *call, const struct db_result *result) {
    enum status status = str_eq(db_result_get(result, "status"), STR("200"))
                             ? make_account(call)
                             : refuse(call, db_result_get(result, "code"));
    if (status != STATUS_OK)
        api_fail(call, status);
}

static enum status join(struct api_call *call) {
    if (call->principal.api_token) { /* a program joins nothing for its maker */
        api_problem(call, "forbidden");
        return STATUS_OK;
    }
    static const char *const unused[] = {"password_hash", "access_hash", "refresh_hash"};
    for (size_t i = 0; i < sizeof unused / sizeof *unused; i++)
        api_bind(call, unused[i], STR_NONE);
    return api_submit_then(call, &stmt_invitations_accept, api_reply_row_revoked);
}

enum status api_invitations_accept(struct api_call *call) {
    enum status status = api_link_bind(call, api_body_text(call, "token", NULL));
    if (status != STATUS_OK || !members_fit(call))
        return status;
    api_bind(call, "name", api_body_text(call, "name", NULL));
    return call->authenticated ? join(call)
                               : api_submit_then(call, &stmt_invitations_accept_read, on_checked);
}

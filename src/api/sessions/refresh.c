/* POST /v1/sessions/refresh: a new pair of tokens for a refresh token. One that was used before
 * ends the whole session, because either its owner or a thief holds a copy. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

/* Whose session ended is not known here; the statement notifies every instance, this one forgets
 * all it knew at once. */
static void on_row(struct api_call *call, const struct db_result *result) {
    if (str_eq(db_result_get(result, "code"), STR("refresh_token_reused")))
        auth_epochs_bump(&call->worker->shared->epochs, STR_NONE);
    api_reply_row(call, result);
}

enum status api_sessions_refresh(struct api_call *call) {
    struct str token = api_body_text(call, "refresh_token", NULL);
    if (token_check(TOKEN_REFRESH, token) != STATUS_OK) {
        api_problem(call, "invalid_refresh_token");
        return STATUS_OK;
    }
    struct str hashes = token_hashes_text(call->keys, token, call->arena);
    if (str_is_none(hashes))
        return STATUS_NO_MEMORY;
    api_bind(call, "token_hashes", hashes);
    enum status status = api_session_prepare(call);
    return status != STATUS_OK ? status : api_submit_then(call, &stmt_sessions_refresh, on_row);
}

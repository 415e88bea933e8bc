/* GET /v1/me: the caller's own account. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

/* An account that was deleted elsewhere a moment ago: this worker is still to hear of it. */
static void on_row(struct api_call *call, const struct db_result *result) {
    if (db_result_rows(result) == 0)
        api_problem(call, "invalid_token");
    else
        api_reply_row(call, result);
}

enum status api_me_get(struct api_call *call) {
    return api_submit_then(call, &stmt_me_get, on_row);
}

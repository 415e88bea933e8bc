/* DELETE /v1/sessions/current: signs out; the session's tokens are dead before the answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_sessions_delete(struct api_call *call) {
    return api_submit_then(call, &stmt_sessions_delete, api_reply_row_revoked);
}

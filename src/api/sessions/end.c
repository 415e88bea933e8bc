/* DELETE /v1/sessions/{session_id}: ends one session; its tokens are dead before the answer. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_sessions_end(struct api_call *call) {
    return api_submit_then(call, &stmt_sessions_end, api_reply_row_revoked);
}

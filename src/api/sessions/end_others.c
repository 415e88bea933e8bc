/* DELETE /v1/sessions: signs out everywhere else. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_sessions_end_others(struct api_call *call) {
    return api_submit_then(call, &stmt_sessions_end_others, api_reply_row_revoked);
}

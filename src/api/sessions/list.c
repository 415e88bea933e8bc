/* GET /v1/sessions: where the account is signed in. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_sessions_list(struct api_call *call) {
    return api_submit(call, &stmt_sessions_list);
}

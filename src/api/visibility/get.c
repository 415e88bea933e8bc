/* GET /v1/me/visibility: who sees the candidate. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_visibility_get(struct api_call *call) {
    return api_submit(call, &stmt_visibility_get);
}

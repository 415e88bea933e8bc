/* PUT /v1/me/visibility: who is to see the candidate. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_visibility_put(struct api_call *call) {
    return api_submit(call, &stmt_visibility_put);
}

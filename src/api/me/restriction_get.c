/* GET /v1/me/restriction: whether the processing of one's data is restricted. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_restriction_get(struct api_call *call) {
    return api_submit(call, &stmt_me_restriction_get);
}

/* PUT /v1/me/restriction: restricts it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_restriction_put(struct api_call *call) {
    return api_submit(call, &stmt_me_restriction_put);
}

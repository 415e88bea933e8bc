/* DELETE /v1/me/restriction: lifts the restriction. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_restriction_delete(struct api_call *call) {
    return api_submit(call, &stmt_me_restriction_delete);
}

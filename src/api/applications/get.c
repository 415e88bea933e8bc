/* GET /v1/applications/{application_id}: each side's own view. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_get(struct api_call *call) {
    return api_submit(call, &stmt_applications_get);
}

/* GET /v1/applications/overdue: answers that the company promised and has not given. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_overdue(struct api_call *call) {
    return api_submit(call, &stmt_applications_overdue);
}

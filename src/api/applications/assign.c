/* PUT /v1/applications/{application_id}/assignee: who looks after it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_assign(struct api_call *call) {
    return api_submit(call, &stmt_applications_assign);
}

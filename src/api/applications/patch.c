/* PATCH /v1/applications/{application_id}: the company moves it, the candidate withdraws it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_patch(struct api_call *call) {
    return api_submit(call, &stmt_applications_patch);
}

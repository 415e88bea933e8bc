/* GET /v1/applications/{application_id}/job: the vacancy as it was when the candidate applied. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_job(struct api_call *call) {
    return api_submit(call, &stmt_applications_job);
}

/* GET /v1/jobs/{job_id}/applications/comparison: several side by side. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_compare(struct api_call *call) {
    return api_submit(call, &stmt_applications_compare);
}

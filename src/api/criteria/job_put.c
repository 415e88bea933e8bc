/* PUT /v1/jobs/{job_id}/criteria: an empty list leaves the company's. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_criteria_job_put(struct api_call *call) {
    return api_submit(call, &stmt_criteria_job_put);
}

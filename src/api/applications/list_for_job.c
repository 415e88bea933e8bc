/* GET /v1/jobs/{job_id}/applications: what a company received for one vacancy. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_list_for_job(struct api_call *call) {
    return api_submit(call, &stmt_applications_list_for_job);
}

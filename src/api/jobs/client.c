/* GET /v1/jobs/{job_id}/client: whom an agency advertises for without naming it. For the agency and
 * for operators; that it was read is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_jobs_client(struct api_call *call) { return api_submit(call, &stmt_jobs_client); }

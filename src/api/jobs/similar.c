/* GET /v1/jobs/{job_id}/similar */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_jobs_similar(struct api_call *call) { return api_submit(call, &stmt_jobs_similar); }

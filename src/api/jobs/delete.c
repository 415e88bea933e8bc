/* DELETE /v1/jobs/{job_id}: only a draft nobody applied for. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_jobs_delete(struct api_call *call) { return api_submit(call, &stmt_jobs_delete); }

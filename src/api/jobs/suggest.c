/* GET /v1/jobs/suggest */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_jobs_suggest(struct api_call *call) { return api_submit(call, &stmt_jobs_suggest); }

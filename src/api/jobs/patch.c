/* PATCH /v1/jobs/{job_id}: changes fields and moves the vacancy through its states. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "lint_vacancy.h"
#include "segreteria/api/call.h"

enum status api_jobs_patch(struct api_call *call) {
    api_publishes(call);
    return api_patch_with(call, &stmt_jobs_patch_read, &stmt_jobs_patch, lint_vacancy);
}

/* POST /v1/jobs/validate: the same checks as publishing, nothing stored. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "lint_vacancy.h"
#include "segreteria/api/call.h"

enum status api_jobs_validate(struct api_call *call) {
    enum status status = lint_vacancy(call, call->body);
    return status != STATUS_OK ? status : api_submit(call, &stmt_jobs_validate);
}

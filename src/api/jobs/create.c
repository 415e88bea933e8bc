/* POST /v1/jobs: a draft, or published at once. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "lint_vacancy.h"
#include "segreteria/api/call.h"

enum status api_jobs_create(struct api_call *call) {
    if (str_eq(api_body_text(call, "status", NULL), STR("published")))
        api_publishes(call);
    enum status status = lint_vacancy(call, call->body);
    return status != STATUS_OK ? status : api_submit(call, &stmt_jobs_create);
}

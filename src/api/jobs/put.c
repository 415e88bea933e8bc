/* PUT /v1/companies/{company_id}/jobs/{reference}: create or replace by the company's own
 * reference. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "lint_vacancy.h"
#include "segreteria/api/call.h"

enum status api_jobs_put(struct api_call *call) {
    api_publishes(call);
    enum status status = lint_vacancy(call, call->body);
    return status != STATUS_OK ? status : api_submit(call, &stmt_jobs_put);
}

/* GET /v1/jobs/{job_id}: published ones for anybody, every state for the company they belong to. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

static void ask(struct api_call *call) {
    enum status status = api_company_required(call);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_row(struct api_call *call, const struct db_result *result) {
    struct str company_id = db_result_get(result, "out_company_id");
    bool own = call->principal.kind == PRINCIPAL_COMPANY && !call->principal.suspended &&
               company_id.len > 0 && str_eq(company_id, str_of(call->principal.company_id));
    if (own)
        api_reply_row_as(call, result, 200);
    else if (!str_eq(db_result_get(result, "status"), STR("200")) && api_company_unclear(call))
        ask(call); /* it may be a draft of one of the caller's companies */
    else
        api_reply_row(call, result);
}

enum status api_jobs_get(struct api_call *call) {
    return api_submit_then(call, &stmt_jobs_get, on_row);
}

/* GET /v1/jobs/{job_id}/applications: what a company received for one vacancy, or the candidate's
 * own. That a company's member sees candidates is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_list_for_job(struct api_call *call) {
    return api_submit(call, call->principal.kind == PRINCIPAL_COMPANY
                                ? &stmt_applications_view_list_for_job
                                : &stmt_applications_list_for_job);
}

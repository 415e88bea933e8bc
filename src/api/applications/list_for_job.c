/* GET /v1/jobs/{job_id}/applications: what a company received for one vacancy, or the candidate's
 * own. That a company's member sees candidates is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "listing.h"

enum status api_applications_list_for_job(struct api_call *call) {
    return listing_answer(call, &stmt_applications_list_for_job);
}

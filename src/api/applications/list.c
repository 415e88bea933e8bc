/* GET /v1/applications: those a candidate sent, or what a company received, searched, in order, as
 * a page or as a whole. That a company's member sees candidates is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "listing.h"

enum status api_applications_list(struct api_call *call) {
    api_bind(call, "job_id", STR_NONE);
    return listing_answer(call, &stmt_applications_list);
}

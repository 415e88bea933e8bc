/* PUT /v1/applications/{application_id}/talent-pool: the candidate's consent to be kept for other
 * vacancies. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_talent_pool(struct api_call *call) {
    return api_submit(call, &stmt_applications_talent_pool);
}

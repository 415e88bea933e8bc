/* POST /v1/applications/{application_id}/anonymise: takes the person out of it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_anonymise(struct api_call *call) {
    return api_submit(call, &stmt_applications_anonymise);
}

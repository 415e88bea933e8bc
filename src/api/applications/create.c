/* POST /v1/jobs/{job_id}/applications: a candidate applies, with JSON alone or with a form that
 * brings files along. */
#include "form.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

enum status api_applications_create(struct api_call *call) {
    if (call->streams)
        return application_form_open(call);
    api_bind(call, "uploads", STR("[]"));
    return api_submit(call, &stmt_applications_create);
}

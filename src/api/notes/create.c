/* POST /v1/applications/{application_id}/notes */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_notes_create(struct api_call *call) { return api_submit(call, &stmt_notes_create); }

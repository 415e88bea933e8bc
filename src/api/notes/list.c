/* GET /v1/applications/{application_id}/notes: the company's own, the newest first. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_notes_list(struct api_call *call) { return api_submit(call, &stmt_notes_list); }

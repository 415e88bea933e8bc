/* GET /v1/applications/{application_id}/notes/{note_id} */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_notes_get(struct api_call *call) { return api_submit(call, &stmt_notes_get); }

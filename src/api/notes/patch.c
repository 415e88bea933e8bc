/* PATCH /v1/applications/{application_id}/notes/{note_id}: by who wrote it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_notes_patch(struct api_call *call) { return api_submit(call, &stmt_notes_patch); }

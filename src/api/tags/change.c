/* POST /v1/applications/{application_id}/tags: removes and adds. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_tags_change(struct api_call *call) { return api_submit(call, &stmt_tags_change); }

/* GET /v1/tags: those the company has in use. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_tags_list(struct api_call *call) { return api_submit(call, &stmt_tags_list); }

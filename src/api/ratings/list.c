/* GET /v1/applications/{application_id}/ratings: averages, and who gave what. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_ratings_list(struct api_call *call) { return api_submit(call, &stmt_ratings_list); }

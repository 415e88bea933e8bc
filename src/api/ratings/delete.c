/* DELETE /v1/applications/{application_id}/ratings/{criterion}: the caller's own. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_ratings_delete(struct api_call *call) {
    return api_submit(call, &stmt_ratings_delete);
}

/* After a suspension or its end. */
#include "suspension.h"

void suspension_changed(struct api_call *call, const struct db_result *result) {
    auth_epochs_bump(&call->worker->shared->epochs, STR_NONE);
    api_reply_row(call, result);
}

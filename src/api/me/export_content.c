/* GET /v1/me/export/content: the file, which is kept as documents are. */
#include "../documents/download.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_opened(struct api_call *call, const struct db_result *result) {
    struct str id = db_result_get(result, "out_export_id");
    char *copy = str_is_none(id) ? NULL : arena_strdup(call->arena, id);
    if (copy == NULL && !str_is_none(id))
        api_fail(call, STATUS_NO_MEMORY);
    else
        download_start_from(call, str_from(copy, id.len), result, &stmt_me_export_chunks);
}

enum status api_me_export_content(struct api_call *call) {
    return api_submit_then(call, &stmt_me_export_content, on_opened);
}

/* GET /v1/document-links/{secret}: the document behind an address that works once. HEAD is not
 * offered to such an address: it would use it up. */
#include "download.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_opened(struct api_call *call, const struct db_result *result) {
    struct str id = db_result_get(result, "out_document_id");
    char *copy = arena_strdup(call->arena, id);
    if (copy == NULL)
        api_fail(call, STATUS_NO_MEMORY);
    else
        download_start(call, str_from(copy, id.len), result);
}

enum status api_documents_link_open(struct api_call *call) {
    if (http_request_method(call->request) == HTTP_HEAD) {
        api_problem(call, "not_found");
        return STATUS_OK;
    }
    enum status status = api_link_bind(call, api_parameter(call, "secret"));
    return status != STATUS_OK ? status
                               : api_submit_then(call, &stmt_documents_link_open, on_opened);
}

/* GET /v1/documents/{document_id}/content: the file, to its owner and to companies it was sent to.
 */
#include "download.h"
#include "generated/api_operations.h"
#include "generated/statements.h"

static void on_opened(struct api_call *call, const struct db_result *result) {
    download_start(call, api_parameter(call, "document_id"), result);
}

enum status api_documents_content(struct api_call *call) {
    return api_submit_then(call, &stmt_documents_content, on_opened);
}

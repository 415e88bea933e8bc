/* POST /v1/applications/bulk: up to 500 moves, each with its own result. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

#define PROBLEMS_MAX ((size_t)16 * 1024)

/* With what a move is refused, by its code: the catalogue's documents, in the language of the
 * answer. The statement adds of which application, and why. */
enum status api_applications_bulk(struct api_call *call) {
    static const char *const codes[] = {"not_found", "invalid_transition"};
    struct buf documents;
    buf_init(&documents, PROBLEMS_MAX);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const struct http_problem problem = {.code = codes[i]};
        buf_printf(&documents, "%s\"%s\":", i == 0 ? "{" : ",", codes[i]);
        http_problem_format(call->worker->shared->contract, http_request_lang(call->request),
                            &problem, STR_NONE, &documents);
    }
    buf_append_char(&documents, '}');
    enum status status = buf_status(&documents);
    const char *text = status == STATUS_OK ? arena_strdup(call->arena, buf_str(&documents)) : NULL;
    buf_deinit(&documents);
    if (text == NULL)
        return status == STATUS_OK ? STATUS_NO_MEMORY : status;
    api_bind(call, "problems", str_of(text));
    return api_submit(call, &stmt_applications_bulk);
}

/* GET /problems: every problem this server can answer with. */
#include "generated/api_operations.h"
#include "problem_page.h"
#include "segreteria/api/call.h"

static void write_html(struct buf *out, const struct contract *contract, enum lang lang) {
    problem_page_head(out, lang == LANG_IT ? STR("Problemi") : STR("Problems"), lang);
    for (size_t i = 0; i < contract_problems_count(contract); i++) {
        const struct problem_type *type = contract_problem_at(contract, i);
        buf_printf(out, "<section id=\"%s\">\n", type->code);
        problem_page_entry(out, type, lang);
        buf_append_text(out, "</section>\n");
    }
    buf_append_text(out, "</main></body></html>\n");
}

static void write_json(struct buf *out, const struct contract *contract, enum lang lang) {
    buf_append_text(out, "{\"items\":[");
    for (size_t i = 0; i < contract_problems_count(contract); i++) {
        buf_append_text(out, i > 0 ? "," : "");
        problem_page_json(out, contract_problem_at(contract, i), lang);
    }
    buf_append_text(out, "]}");
}

enum status api_system_problems(struct api_call *call) {
    bool html = problem_page_wanted(call);
    struct buf out;
    buf_init(&out, PROBLEM_PAGE_MAX);
    (html ? write_html : write_json)(&out, call->worker->shared->contract,
                                     http_request_lang(call->request));
    problem_page_send(call, &out, html);
    return STATUS_OK;
}

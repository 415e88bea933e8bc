/* /problems and /problems/{code}: what the `type` of a problem document points to. */
#include "problem_page.h"

#define PAGE_POLICY "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"

bool problem_page_wanted(struct api_call *call) {
    static const struct str types[] = {{"application/json", 16}, {"text/html", 9}};
    return http_negotiate_type(http_request_header_list(call->request, STR("Accept")), types, 2) ==
           1;
}

static void escape(struct buf *out, struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&': buf_append_text(out, "&amp;"); break;
        case '<': buf_append_text(out, "&lt;"); break;
        case '>': buf_append_text(out, "&gt;"); break;
        case '"': buf_append_text(out, "&quot;"); break;
        default: buf_append_char(out, text.ptr[i]);
        }
    }
}

void problem_page_json(struct buf *out, const struct problem_type *type, enum lang lang) {
    buf_printf(out,
               "{\"type\":\"/problems/%s\",\"code\":\"%s\",\"status\":%d,\"title\":", type->code,
               type->code, type->status);
    buf_append_json_string(out, type->title[lang]);
    buf_append_text(out, ",\"detail\":");
    buf_append_json_string(out, type->detail[lang]);
    buf_append_text(out, ",\"help\":");
    buf_append_json_string(out, type->help[lang]);
    buf_append_char(out, '}');
}

void problem_page_head(struct buf *out, struct str title, enum lang lang) {
    buf_printf(out,
               "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>",
               lang_tag(lang));
    escape(out, title);
    buf_append_text(
        out,
        " - Segreteria</title><link rel=\"icon\" href=\"/docs/icon.svg\" type=\"image/svg+xml\">"
        "<link rel=\"stylesheet\" href=\"/docs/docs.css\"></head>\n<body><header class=\"top\">"
        "<a class=\"name\" href=\"/docs\">Segreteria</a><nav><a href=\"/problems\">");
    buf_append_text(out, lang == LANG_IT ? "tutti i problemi" : "all problems");
    buf_append_text(out, "</a></nav></header>\n<main class=\"problems\">\n");
}

void problem_page_entry(struct buf *out, const struct problem_type *type, enum lang lang) {
    buf_append_text(out, "<h1>");
    escape(out, type->title[lang]);
    buf_printf(out, "</h1>\n<p class=\"code\"><code>%s</code> HTTP %d</p>\n<p>", type->code,
               type->status);
    escape(out, type->detail[lang]);
    buf_append_text(out, "</p>\n<p>");
    escape(out, type->help[lang]);
    buf_append_text(out, "</p>\n");
}

void problem_page_send(struct api_call *call, struct buf *out, bool html) {
    char *text = buf_status(out) == STATUS_OK ? arena_strdup(call->arena, buf_str(out)) : NULL;
    size_t len = out->len;
    buf_deinit(out);
    if (text == NULL) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    struct http_reply reply = {.status = 200,
                               .content_type = html ? "text/html; charset=utf-8"
                                                    : "application/json",
                               .parts = {str_from(text, len)},
                               .parts_count = 1};
    if (html)
        http_reply_header(&reply, STR("Content-Security-Policy"), STR(PAGE_POLICY));
    http_reply_header(&reply, STR("Content-Language"),
                      str_of(lang_tag(http_request_lang(call->request))));
    http_reply_send(call->request, &reply);
}

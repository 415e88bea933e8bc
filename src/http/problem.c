/* Problem documents (RFC 9457) from the contract's catalogue. */
#include <stdlib.h>

#include "internal.h"
#include "segreteria/core/log.h"

#define DOCUMENT_MAX ((size_t)256 * 1024)

static const struct problem_type *find(const struct contract *contract, const char *code) {
    const struct problem_type *type = contract_problem_find(contract, str_of(code));
    if (type == NULL) {
        log_error("problem_unknown", "code=%s", code == NULL ? "" : code);
        type = contract_problem_find(contract, STR("internal_error"));
    }
    return type;
}

static void member(struct buf *out, const char *name, struct str text) {
    buf_printf(out, ",\"%s\":", name);
    buf_append_json_string(out, text);
}

/* ---- errors: [{"pointer"|"parameter"|"header", "code", "detail"}] ---- */

static void open_entry(struct buf *out, bool *any) {
    buf_append_text(out, *any ? ",{" : ",\"errors\":[{");
    *any = true;
}

static void violation_entry(struct buf *out, bool *any, enum lang lang, const char *where,
                            struct str place, const struct violation *violation) {
    struct buf detail;
    buf_init(&detail, 4096);
    violation_describe(violation, lang_tag(lang), &detail);
    open_entry(out, any);
    buf_printf(out, "\"%s\":", where);
    buf_append_json_string(out, place);
    member(out, "code", str_of(violation->code));
    member(out, "detail", detail.data == NULL ? STR("") : buf_str(&detail));
    buf_append_char(out, '}');
    buf_deinit(&detail);
}

static void parameter_entry(struct buf *out, bool *any, enum lang lang,
                            const struct parameter_violation *entry) {
    violation_entry(out, any, lang, entry->place == IN_HEADER ? "header" : "parameter", entry->name,
                    &entry->violation);
}

/* What a double holds of a number as it was written: 45.4643, not 45.464300000000001. */
#define REAL_DIGITS 15

static void json_member(struct buf *out, const char *name, const json_t *value) {
    char *text = json_dumps(value,
                            JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS));
    if (text == NULL)
        return;
    buf_append_json_string(out, str_of(name));
    buf_append_char(out, ':');
    buf_append_text(out, text);
    free(text);
}

/* An entry that SQL made: its text, where it has none, is made from its code. */
static void json_entry(struct buf *out, bool *any, enum lang lang, const json_t *entry) {
    const char *name;
    json_t *value;
    bool first = true;
    open_entry(out, any);
    json_object_foreach((json_t *)(uintptr_t)entry, name, value) {
        if (!first)
            buf_append_char(out, ',');
        first = false;
        json_member(out, name, value);
    }
    const char *code = json_string_value(json_object_get(entry, "code"));
    if (code != NULL && json_object_get(entry, "detail") == NULL) {
        struct violation violation = {.code = code};
        struct buf detail;
        buf_init(&detail, 4096);
        violation_describe(&violation, lang_tag(lang), &detail);
        member(out, "detail", detail.data == NULL ? STR("") : buf_str(&detail));
        buf_deinit(&detail);
    }
    buf_append_char(out, '}');
}

static bool is_own_member(const char *name) {
    static const char *const own[] = {"type",     "title", "status", "detail",
                                      "instance", "code",  "errors"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return false;
}

static void further_members(struct buf *out, const json_t *members) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)members, name, value) {
        if (is_own_member(name))
            continue;
        buf_append_char(out, ',');
        json_member(out, name, value);
    }
}

void http_problem_format(const struct contract *contract, enum lang lang,
                         const struct http_problem *problem, struct str instance, struct buf *out) {
    const struct problem_type *type = find(contract, problem->code);
    if (type == NULL)
        return;
    json_t *members = problem->members.len > 0
                          ? json_loadb(problem->members.ptr, problem->members.len,
                                       JSON_DISABLE_EOF_CHECK, NULL)
                          : NULL;
    struct str detail = str_is_none(problem->detail) ? type->detail[lang] : problem->detail;
    buf_printf(out, "{\"type\":\"/problems/%s\",\"title\":", type->code);
    buf_append_json_string(out, type->title[lang]);
    buf_printf(out, ",\"status\":%d", type->status);
    member(out, "detail", detail);
    if (!str_is_none(instance))
        member(out, "instance", instance);
    member(out, "code", str_of(type->code));
    further_members(out, members);
    bool any = false;
    if (problem->body_violations != NULL)
        for (const struct violation *v = problem->body_violations->first; v != NULL; v = v->next)
            violation_entry(out, &any, lang, "pointer", v->pointer, v);
    for (const struct parameter_violation *v = problem->parameter_violations; v != NULL;
         v = v->next)
        parameter_entry(out, &any, lang, v);
    size_t index;
    const json_t *entry;
    json_array_foreach(json_object_get(members, "errors"), index, entry)
        json_entry(out, &any, lang, entry);
    buf_append_text(out, any ? "]}" : "}");
    json_decref(members);
}

/* The path is percent-encoded ASCII once the guard has passed it; before that it is not repeated.
 */
static struct str instance_of(const struct http_request *request) { return request->path; }

void http_problem_send(struct http_request *request, const struct http_problem *problem) {
    const struct contract *contract = request->server->contract;
    const struct problem_type *type = find(contract, problem->code);
    enum lang lang = http_request_lang(request);
    struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    http_problem_format(contract, lang, problem, instance_of(request), &document);
    struct http_reply reply = {
        .status = type == NULL ? 500 : type->status,
        .content_type = "application/problem+json",
        .no_store = true,
        .close = problem->close,
    };
    if (buf_status(&document) == STATUS_OK && document.len > 0) {
        reply.parts[0] = buf_str(&document);
        reply.parts_count = 1;
        reply.owner = document.data;
        reply.release = free;
    } else {
        buf_deinit(&document);
    }
    http_reply_header(&reply, STR("Content-Language"), str_of(lang_tag(lang)));
    for (size_t i = 0; i < problem->headers_count; i++)
        http_reply_header(&reply, problem->headers[i].name, problem->headers[i].value);
    if (reply.status == 401 &&
        problem->headers_count == 0) /* RFC 9110 section 15.5.2: never without */
        http_reply_header(&reply, STR("WWW-Authenticate"), STR("Bearer realm=\"segreteria\""));
    if (reply.status == 503 && !reply_has(&reply, STR("Retry-After")))
        http_reply_header(&reply, STR("Retry-After"), STR("1"));
    http_reply_send(request, &reply);
}

void http_problem_simple(struct http_request *request, const char *code) {
    struct http_problem problem = {.code = code};
    http_problem_send(request, &problem);
}

void problem_refuse(struct http_request *request, const char *code, struct str header,
                    const char *violation) {
    struct parameter_violation entry = {.place = IN_HEADER, .name = header};
    struct http_problem problem = {.code = code, .close = true};
    if (!str_is_none(header)) {
        entry.violation.code = violation;
        problem.parameter_violations = &entry;
    }
    if (strcmp(code, "method_not_allowed") == 0) {
        problem.headers[0].name = STR("Allow");
        problem.headers[0].value = STR(HTTP_METHODS);
        problem.headers_count = 1;
    }
    http_problem_send(request, &problem);
}

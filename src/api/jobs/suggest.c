/* GET /v1/jobs/suggest: from the lexicon that goes with the index in memory. PostgreSQL answers
 * where there is none yet, and what is typed in letters that only it folds. */
#include "../internal.h"
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "search.h"
#include "segreteria/core/clock.h"
#include "segreteria/search/fold.h"

#define LIMIT_DEFAULT 5
#define TYPED_MAX ((size_t)4096)
#define BODY_MAX ((size_t)1024 * 1024)

static const char *const kinds[SEARCH_SUGGEST_KINDS] = {[SEARCH_SUGGEST_ROLE] = "role",
                                                        [SEARCH_SUGGEST_TOOL] = "tool",
                                                        [SEARCH_SUGGEST_PLACE] = "place",
                                                        [SEARCH_SUGGEST_TITLE] = "title",
                                                        [SEARCH_SUGGEST_WORD] = "word"};

static void append_member(struct buf *out, const char *name, struct str text) {
    if (str_is_none(text))
        return;
    buf_append_text(out, name);
    buf_append_json_string(out, text);
}

static void append_item(struct buf *out, const struct search_suggestion *item) {
    buf_append_text(out, "{\"kind\":\"");
    buf_append_text(out, kinds[item->kind]);
    buf_append_char(out, '"');
    append_member(out, ",\"text\":", item->text);
    append_member(out, ",\"value\":", item->code);
    append_member(out, ",\"near\":", item->near);
    buf_append_text(out, ",\"vacancies\":");
    buf_append_number(out, item->weight);
    buf_append_char(out, '}');
}

static enum status reply(struct api_call *call, const struct search_suggestion *items,
                         size_t count) {
    struct buf out;
    buf_init(&out, BODY_MAX);
    buf_append_text(&out, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_char(&out, ',');
        append_item(&out, &items[i]);
    }
    buf_append_text(&out, "]}");
    enum status status = buf_status(&out);
    const char *copy = status == STATUS_OK ? arena_strdup(call->arena, buf_str(&out)) : NULL;
    struct http_reply reply = {.status = 200,
                               .parts = {str_from(copy, out.len)},
                               .parts_count = 1,
                               .no_store = call->authenticated};
    buf_deinit(&out);
    if (status != STATUS_OK)
        return status;
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    reply_send(call, &reply);
    return STATUS_OK;
}

/* NOT_FOUND: there is no lexicon yet. */
static enum status suggest(struct api_call *call, struct str typed, struct str lang) {
    struct search_port *port = &call->worker->search;
    struct search_suggestion *items = NULL;
    size_t count = 0;
    uint64_t limit;
    if (str_to_u64(api_parameter(call, "limit"), 100, &limit) != STATUS_OK)
        limit = LIMIT_DEFAULT;
    const struct search_suggest_ask ask = {.typed = typed,
                                           .lang = str_eq(lang, STR("it")) ? SEARCH_SUGGEST_IT
                                                                           : SEARCH_SUGGEST_EN,
                                           .today = (int32_t)(clock_unix_ms() / 86400000),
                                           .limit = (unsigned)limit};
    const struct search_version *version = search_reader_enter(port->reader);
    enum status status = search_version_lexicon(version) == NULL
                             ? STATUS_NOT_FOUND
                             : search_suggest(version, &ask, call->arena, &items, &count);
    search_reader_leave(port->reader);
    return status == STATUS_OK ? reply(call, items, count) : status;
}

/* False: there are letters that only PostgreSQL folds (or no memory). */
static bool fold(struct api_call *call, struct str *out) {
    struct buf folded;
    buf_init(&folded, TYPED_MAX);
    bool known = fold_append(&folded, api_parameter(call, "q"));
    const char *copy = known ? arena_strdup(call->arena, buf_str(&folded)) : NULL;
    *out = str_from(copy, folded.len);
    buf_deinit(&folded);
    return copy != NULL;
}

enum status api_jobs_suggest(struct api_call *call) {
    struct str typed, lang;
    if (!search_index_serves(call) || !fold(call, &typed))
        return api_submit(call, &stmt_jobs_suggest);
    enum status status = bind_value(call, "lang", &lang);
    if (status == STATUS_OK)
        status = suggest(call, typed, lang);
    /* More words than the lexicon compares: PostgreSQL has no such limit. */
    return status == STATUS_NOT_FOUND || status == STATUS_TOO_LARGE
               ? api_submit(call, &stmt_jobs_suggest)
               : status;
}

/* A search on the index: planned; asked of the index, on this thread, in a fraction of a
 * millisecond; its page fetched by id from the rendered texts. When nothing is found, once more
 * with the nearest spelling. Here are also the plans that only PostgreSQL can make, which are kept.
 */
#include "search.h"

#include "../internal.h"
#include "generated/statements.h"
#include "segreteria/api/plans.h"
#include "segreteria/core/clock.h"

#define KEY_MAX ((size_t)16 * 1024)

bool search_index_serves(const struct api_call *call) {
    return call->worker->search.reader != NULL &&
           search_feed_is_live(call->worker->shared->feed, loop_now_ms(call->worker->loop));
}

void search_count(struct api_call *call, bool by_index) {
    struct api_metrics *metrics = &call->worker->metrics;
    counter_add(by_index ? &metrics->searches_by_index : &metrics->searches_by_postgresql, 1);
}

bool search_count_all(const struct api_call *call, uint64_t *out) {
    struct search_port *port = &call->worker->search;
    int64_t now_ms = clock_unix_ms();
    const struct search_query all = {
        .now_us = now_ms * 1000, .today = (int32_t)(now_ms / 86400000), .office_days_max = -1};
    struct search_result result = {0};
    if (!search_index_serves(call))
        return false;
    const struct search_version *version = search_reader_enter(port->reader);
    enum status status = search_query_run(version, &all, port->scratch, call->arena, &result);
    search_reader_leave(port->reader);
    *out = result.total;
    return status == STATUS_OK;
}

/* ---- the plan ---- */

bool search_is_planned(struct str name) {
    static const char *const others[] = {"limit",       "cursor", "scope", "facets",
                                         "facet_limit", "fields", "total", "status"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (str_eq(name, str_of(others[i])))
            return false;
    return true;
}

static void append_part(struct buf *key, struct str part) {
    buf_append_number(key, part.len);
    buf_append_char(key, ':');
    buf_append(key, part);
}

/* Parameters come in the contract's order, whatever the client's. */
static struct str plan_key(const struct search *search) {
    const struct api_call *call = search->call;
    struct buf key;
    buf_init(&key, KEY_MAX);
    for (size_t i = 0; i < call->operation->parameters_count; i++) {
        const struct parameter_value *value = &call->parameters.values[i];
        if (!value->present || call->operation->parameters[i].place != IN_QUERY ||
            !search_is_planned(call->operation->parameters[i].name))
            continue;
        append_part(&key, call->operation->parameters[i].name);
        if (call->operation->parameters[i].array)
            for (size_t k = 0; k < value->items_count; k++)
                append_part(&key, value->items[k]);
        else
            append_part(&key, value->text);
        buf_append_char(&key, ';');
    }
    buf_printf(&key, "%llx;",
               (unsigned long long)search_feed_dictionaries(call->worker->shared->feed));
    for (size_t i = 0; i < search->corrections.count; i++) {
        append_part(&key, search->corrections.wrong[i]);
        append_part(&key, search->corrections.replacements[i]);
    }
    const char *copy = buf_status(&key) == STATUS_OK ? arena_strdup(call->arena, buf_str(&key))
                                                     : NULL;
    struct str out = copy == NULL ? STR_NONE : str_from(copy, key.len);
    buf_deinit(&key);
    return out;
}

static void drop_json(void *json) { json_decref(json); }

enum status search_plan_take(struct search *search, json_t *document) {
    enum status status = arena_defer(search->call->arena, drop_json, document);
    if (status != STATUS_OK)
        return status;
    search->document = document;
    return search_query_read(search);
}

static enum status take_text(struct search *search, struct str plan) {
    json_t *document = json_loadb(plan.ptr, plan.len, 0, NULL);
    return document == NULL ? STATUS_INTERNAL : search_plan_take(search, document);
}

static void on_plan(struct api_call *call, const struct db_result *result) {
    struct search *search = call->state;
    struct str plan = db_result_get(result, "plan");
    if (str_is_none(plan)) { /* refused */
        api_reply_row(call, result);
        return;
    }
    if (!str_is_none(search->key))
        plans_put(call->worker->plans, search->key, plan, loop_now_ms(call->worker->loop));
    enum status status = take_text(search, plan);
    if (status == STATUS_OK)
        status = search_ask(search);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static bool bind_corrections(struct search *search) {
    struct api_call *call = search->call;
    const struct search_corrections *corrections = &search->corrections;
    struct str wrong = STR_NONE, replacements = STR_NONE;
    if (corrections->count > 0) {
        wrong = bind_array(call->arena, corrections->wrong, corrections->count);
        replacements = bind_array(call->arena, corrections->replacements, corrections->count);
    }
    api_bind(call, "wrong", wrong);
    api_bind(call, "replacements", replacements);
    return corrections->count == 0 || (!str_is_none(wrong) && !str_is_none(replacements));
}

enum status search_plan_elsewhere(struct search *search) {
    struct api_call *call = search->call;
    search->key = plan_key(search);
    struct str plan = str_is_none(search->key) ? STR_NONE
                                               : plans_get(call->worker->plans, search->key,
                                                           loop_now_ms(call->worker->loop));
    if (!str_is_none(plan)) {
        enum status status = take_text(search, plan);
        return status == STATUS_OK ? search_ask(search) : status;
    }
    return bind_corrections(search) ? api_submit_then(call, &stmt_jobs_search_plan, on_plan)
                                    : STATUS_NO_MEMORY;
}

static enum status make_plan(struct search *search) {
    search->call->state = search;
    enum status status = search_plan_here(search);
    return status == STATUS_INVALID ? search_plan_elsewhere(search) : status;
}

/* ---- the question ---- */

enum status search_ask(struct search *search) {
    struct api_call *call = search->call;
    struct search_port *port = &call->worker->search;
    if (port->reader == NULL)
        return STATUS_UNAVAILABLE; /* taken away since the search began */
    const struct search_version *version = search_reader_enter(port->reader);
    enum status status = search_query_run(version, &search->query, port->scratch, call->arena,
                                          &search->result);
    bool correct = status == STATUS_OK && search->result.total == 0 && search->query.has_text &&
                   !search->query.after.set && search->corrections.count == 0 &&
                   search_correct(search, version);
    search_reader_leave(port->reader);
    if (status == STATUS_TOO_LARGE) { /* too many words in too many languages: PostgreSQL has no
                                         such limit */
        search_count(call, false);
        return search->on_rows == NULL ? api_submit(call, &stmt_jobs_search)
                                       : api_submit_then(call, &stmt_jobs_search, search->on_rows);
    }
    if (status != STATUS_OK)
        return status == STATUS_INVALID ? STATUS_INTERNAL : status;
    return correct ? make_plan(search) : search_show(search);
}

/* A page after the first is of the query as it was corrected then. */
enum status search_begin(struct search *search) {
    struct search_after after;
    struct str corrections;
    enum status status = search_after_read(search->after_text, &after, &corrections);
    if (status == STATUS_OK)
        status = search_corrections_read(corrections, search->call->arena, &search->corrections);
    if (status != STATUS_OK)
        return status;
    search->query.after = after;
    return make_plan(search);
}

struct str search_next_key(struct search *search) {
    if (!search->result.more || search->result.hits_count == 0)
        return STR_NONE;
    const struct search_hit *last = &search->result.hits[search->result.hits_count - 1];
    struct arena *arena = search->call->arena;
    struct str corrections = search_corrections_write(&search->corrections, arena);
    char id[UUID_TEXT_SIZE];
    uuid_format(&last->id, id);
    return str_is_none(corrections)
               ? STR_NONE
               : arena_printf(arena, "%lld.%lld.%s%s%.*s", (long long)last->key,
                              (long long)last->published_at_us, id, corrections.len > 0 ? "." : "",
                              STR_FMT(corrections));
}

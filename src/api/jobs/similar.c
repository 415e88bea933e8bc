/* GET /v1/jobs/{job_id}/similar: the vacancy is read, others are compared with it in the index, and
 * their cards fetched. Without an index that serves, PostgreSQL does all of it. */
#include "../internal.h"
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "search.h"
#include "segreteria/core/clock.h"

#define UNIT_SEPARATOR '\x1f'
#define LIMIT_DEFAULT 20

static bool read_list(struct arena *arena, struct str text, const struct str **out, size_t *count) {
    size_t values = 1;
    *count = 0;
    if (str_is_none(text) || text.len == 0)
        return true;
    for (size_t i = 0; i < text.len; i++)
        values += text.ptr[i] == UNIT_SEPARATOR;
    struct str *list = arena_array(arena, values, sizeof *list);
    if (list == NULL)
        return false;
    while (*count < values && str_split(&text, UNIT_SEPARATOR, &list[*count]))
        ++*count;
    *out = list;
    return true;
}

/* Texts stay where the result has them. */
static enum status read_like(struct arena *arena, const struct db_result *result,
                             struct search_like *out) {
    uint64_t dictionary;
    *out = (struct search_like){.role = db_result_get(result, "role"),
                                .city = db_result_get(result, "city"),
                                .region = db_result_get(result, "region"),
                                .country = db_result_get(result, "country"),
                                .work_mode = db_result_get(result, "work_mode"),
                                .employment_type = db_result_get(result, "employment_type")};
    if (uuid_parse(db_result_get(result, "id"), &out->id) != STATUS_OK ||
        str_to_u64(db_result_get(result, "dictionary"), SEARCH_DICTIONARIES_MAX - 1, &dictionary) !=
            STATUS_OK)
        return STATUS_INTERNAL;
    out->dictionary = (uint8_t)dictionary;
    return read_list(arena, db_result_get(result, "title"), &out->title, &out->title_count) &&
                   read_list(arena, db_result_get(result, "tools"), &out->tools,
                             &out->tools_count) &&
                   read_list(arena, db_result_get(result, "languages"), &out->languages,
                             &out->languages_count) &&
                   read_list(arena, db_result_get(result, "soft_skills"), &out->soft_skills,
                             &out->soft_skills_count) &&
                   read_list(arena, db_result_get(result, "duties"), &out->duties,
                             &out->duties_count)
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

static void on_cards(struct api_call *call, const struct db_result *result) {
    reply_list(call, result, STR_NONE, STR_NONE);
}

static enum status fetch(struct api_call *call, const struct search_hit *hits, size_t count) {
    struct str *ids = arena_array(call->arena, count + 1, sizeof *ids);
    char(*texts)[UUID_TEXT_SIZE] = arena_array(call->arena, count + 1, sizeof *texts);
    if (ids == NULL || texts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uuid_format(&hits[i].id, texts[i]);
        ids[i] = str_of(texts[i]);
    }
    struct str list = bind_array(call->arena, ids, count);
    api_bind(call, "ids", list);
    return str_is_none(list) ? STATUS_NO_MEMORY
                             : api_submit_then(call, &stmt_jobs_similar_cards, on_cards);
}

static enum status compare(struct api_call *call, const struct db_result *result) {
    struct search_port *port = &call->worker->search;
    struct search_like like;
    struct search_hit *hits = NULL;
    size_t count = 0;
    uint64_t limit;
    if (port->reader == NULL)
        return api_submit(call, &stmt_jobs_similar); /* taken away meanwhile */
    if (str_to_u64(api_parameter(call, "limit"), SEARCH_LIMIT_MAX, &limit) != STATUS_OK)
        limit = LIMIT_DEFAULT;
    enum status status = read_like(call->arena, result, &like);
    if (status != STATUS_OK)
        return status;
    const struct search_version *version = search_reader_enter(port->reader);
    status = search_similar(version, &like, (int32_t)(clock_unix_ms() / 86400000), (unsigned)limit,
                            port->scratch, call->arena, &hits, &count);
    search_reader_leave(port->reader);
    return status == STATUS_OK ? fetch(call, hits, count) : status;
}

static void on_one(struct api_call *call, const struct db_result *result) {
    if (db_result_rows(result) == 0) {
        api_problem(call, "not_found");
        return;
    }
    enum status status = compare(call, result);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_jobs_similar(struct api_call *call) {
    if (!search_index_serves(call))
        return api_submit(call, &stmt_jobs_similar);
    return api_submit_then(call, &stmt_jobs_similar_one, on_one);
}

/* A search planned in this process (search/plan.h): what PostgreSQL has said of words and names is
 * kept for a while; what is not known is asked in one small statement on the fast lane. */
#include "../internal.h"
#include "generated/statements.h"
#include "search.h"
#include "segreteria/api/plans.h"

#define KEY_MAX ((size_t)1024)

static json_t *value_of(const struct parameter_value *value, bool array) {
    if (!array)
        return json_stringn(value->text.ptr, value->text.len);
    json_t *items = json_array();
    for (size_t i = 0; i < value->items_count; i++)
        (void)json_array_append_new(items, json_stringn(value->items[i].ptr, value->items[i].len));
    if (json_array_size(items) == value->items_count)
        return items;
    json_decref(items);
    return NULL;
}

static void drop_json(void *json) { json_decref(json); }

static enum status parameters_of(struct api_call *call, json_t **out) {
    json_t *object = json_object();
    if (object == NULL)
        return STATUS_NO_MEMORY;
    enum status status = arena_defer(call->arena, drop_json, object);
    for (size_t i = 0; i < call->operation->parameters_count && status == STATUS_OK; i++) {
        const struct contract_parameter *parameter = &call->operation->parameters[i];
        const struct parameter_value *value = &call->parameters.values[i];
        if (!value->present || parameter->place != IN_QUERY || !search_is_planned(parameter->name))
            continue;
        if (json_object_setn_new(object, parameter->name.ptr, parameter->name.len,
                                 value_of(value, parameter->array)) != 0)
            status = STATUS_NO_MEMORY;
    }
    *out = object;
    return status;
}

/* ---- meanings ---- */

enum kind { WORD, CITY, TOOL, NEAR };

/* Where a kind is in search_meanings()' answer. */
static const char *const members[] = {"words", "cities", "tools", "near"};

/* A word's meaning holds for the dictionaries in use when it was asked. */
static struct str key_of(const struct search *search, enum kind kind, struct str text) {
    struct arena *arena = search->call->arena;
    const struct parameter_value *countries = search_parameter(search->call, "country");
    if (kind == WORD)
        return arena_printf(arena, "w%llx:%.*s", (unsigned long long)search->dictionaries,
                            STR_FMT(text));
    if (kind != NEAR || countries == NULL)
        return arena_printf(arena, "%d:%.*s", (int)kind, STR_FMT(text));
    struct str listed = bind_array(arena, countries->items, countries->items_count);
    return str_is_none(listed)
               ? STR_NONE
               : arena_printf(arena, "%d%.*s:%.*s", (int)kind, STR_FMT(listed), STR_FMT(text));
}

/* True: it is known, and in search->meanings from here on. */
static bool recall(struct search *search, enum kind kind, struct str text) {
    struct api_worker *worker = search->call->worker;
    struct str key = key_of(search, kind, text);
    struct str kept = str_is_none(key)
                          ? STR_NONE
                          : plans_get(worker->meanings, key, loop_now_ms(worker->loop));
    json_t *meaning = str_is_none(kept) ? NULL
                                        : json_loadb(kept.ptr, kept.len, JSON_DECODE_ANY, NULL);
    if (meaning == NULL)
        return false;
    if (kind == NEAR)
        return json_object_set_new(search->meanings, members[kind], meaning) == 0;
    return json_object_setn_new(json_object_get(search->meanings, members[kind]), text.ptr,
                                text.len, meaning) == 0;
}

static void remember(struct search *search, enum kind kind, struct str text,
                     const json_t *meaning) {
    struct api_worker *worker = search->call->worker;
    char *said = json_dumps(meaning, JSON_COMPACT | JSON_ENCODE_ANY);
    struct str key = key_of(search, kind, text);
    if (said != NULL && !str_is_none(key) && key.len <= KEY_MAX)
        plans_put(worker->meanings, key, str_of(said), loop_now_ms(worker->loop));
    free(said);
}

/* What was asked, into the meanings known so far and into what is kept. */
static enum status learn(struct search *search, const json_t *answer) {
    const char *name;
    json_t *meaning;
    for (int kind = WORD; kind <= TOOL; kind++) {
        const json_t *said = json_object_get(answer, members[kind]);
        json_object_foreach((json_t *)said, name, meaning) {
            remember(search, (enum kind)kind, str_of(name), meaning);
            if (json_object_set(json_object_get(search->meanings, members[kind]), name, meaning) !=
                0)
                return STATUS_NO_MEMORY;
        }
    }
    meaning = json_object_get(answer, members[NEAR]);
    if (!json_is_object(meaning))
        return STATUS_OK;
    if (json_object_get(meaning, "place") != NULL)
        remember(search, NEAR, search->planner->asked.near, meaning);
    return json_object_set(search->meanings, members[NEAR], meaning) == 0 ? STATUS_OK
                                                                          : STATUS_NO_MEMORY;
}

/* ---- the plan ---- */

static enum status finish(struct search *search) {
    json_t *document;
    enum status status = plan_finish(search->planner, search->meanings, &document);
    if (status == STATUS_OK)
        status = search_plan_take(search, document);
    return status == STATUS_OK ? search_ask(search) : status;
}

static void on_meanings(struct api_call *call, const struct db_result *result) {
    struct search *search = call->state;
    struct str text = db_result_get(result, "meanings");
    json_t *answer = str_is_none(text) ? NULL : json_loadb(text.ptr, text.len, 0, NULL);
    enum status status = answer == NULL ? STATUS_NO_MEMORY : learn(search, answer);
    if (status == STATUS_OK && !json_is_true(json_object_get(answer, "folds"))) {
        call->worker->folds_otherwise = true;
        status = STATUS_INVALID;
    }
    json_decref(answer);
    if (status == STATUS_OK)
        status = finish(search);
    if (status == STATUS_INVALID)
        status = search_plan_elsewhere(search);
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* Binds the texts of a kind that are not known; counts them in *missing. False: no memory. */
static bool bind_missing(struct search *search, enum kind kind, const char *name,
                         const struct str *texts, size_t count, size_t *missing) {
    struct str unknown[PLAN_NAMES_MAX];
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (!recall(search, kind, texts[i]))
            unknown[found++] = texts[i];
    struct str listed = bind_array(search->call->arena, unknown, found);
    api_bind(search->call, name, listed);
    *missing += found;
    return !str_is_none(listed);
}

static bool bind_near(struct search *search, size_t *missing) {
    struct api_call *call = search->call;
    const struct parameter_value *countries = search_parameter(call, "country");
    struct str near = search->planner->asked.near, listed = STR_NONE;
    bool ask = !str_is_none(near) && !recall(search, NEAR, near);
    if (ask && countries != NULL && countries->items_count > 0) {
        listed = bind_array(call->arena, countries->items, countries->items_count);
        if (str_is_none(listed))
            return false;
    }
    api_bind(call, "place_name", ask ? near : STR_NONE);
    api_bind(call, "countries", listed);
    *missing += ask;
    return true;
}

enum status search_plan_here(struct search *search) {
    struct api_call *call = search->call;
    const struct search_corrections *corrections = &search->corrections;
    json_t *parameters, *meanings;
    if (call->worker->folds_otherwise)
        return STATUS_INVALID;
    enum status status = parameters_of(call, &parameters);
    if (status != STATUS_OK)
        return status;
    meanings = json_pack("{s:{}, s:{}, s:{}}", members[WORD], members[CITY], members[TOOL]);
    if (meanings == NULL || arena_defer(call->arena, drop_json, meanings) != STATUS_OK)
        return STATUS_NO_MEMORY;
    search->meanings = meanings;
    search->planner = arena_alloc(call->arena, sizeof *search->planner);
    if (search->planner == NULL)
        return STATUS_NO_MEMORY;
    search->dictionaries = search_feed_dictionaries(call->worker->shared->feed);
    status = plan_begin(call->arena, parameters, corrections->wrong, corrections->replacements,
                        corrections->count, search->planner);
    if (status != STATUS_OK)
        return status;
    const struct plan_asked *asked = &search->planner->asked;
    size_t missing = 0;
    if (!bind_missing(search, WORD, "words", asked->words, asked->words_count, &missing) ||
        !bind_missing(search, CITY, "cities", asked->names, asked->cities_count, &missing) ||
        !bind_missing(search, TOOL, "tools", asked->names + asked->cities_count, asked->tools_count,
                      &missing) ||
        !bind_near(search, &missing))
        return STATUS_NO_MEMORY;
    return missing == 0 ? finish(search)
                        : api_submit_then(call, &stmt_jobs_search_meanings, on_meanings);
}

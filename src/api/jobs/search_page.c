/* What a search shows: the cards of its hits and the labels of its facets' values, as they are kept
 * from a moment ago; what is missing is fetched. Items of other forms (some fields, marked words)
 * are made by PostgreSQL. */
#include "../internal.h"
#include "generated/statements.h"
#include "search.h"
#include "segreteria/api/cards.h"
#include "segreteria/api/plans.h"

#define ITEMS_MAX ((size_t)3 * 1024 * 1024)

static uint64_t now_of(const struct search *search) {
    return loop_now_ms(search->call->worker->loop);
}

static struct str copied(struct arena *arena, struct str text) {
    char *copy = arena_strdup(arena, text);
    return copy == NULL ? STR_NONE : str_from(copy, text.len);
}

/* ---- labels ---- */

/* Kept as "=label", or "-" where there is none. A company may change its name; that changes its
 * vacancies, too, and so the epoch. */
static struct str label_key(const struct search *search, const struct search_label *label) {
    uint64_t epoch = label->kind == SEARCH_COMPANY ? search->epoch : 0;
    return arena_printf(
        search->call->arena, "l%s:%s:%llu:%.*s", lang_tag(http_request_lang(search->call->request)),
        search_facet_names[label->kind], (unsigned long long)epoch, STR_FMT(label->value));
}

static void recall_label(struct search *search, struct search_label *label) {
    struct str key = label_key(search, label);
    struct str kept = str_is_none(key)
                          ? STR_NONE
                          : plans_get(search->call->worker->meanings, key, now_of(search));
    if (kept.len == 0)
        return;
    label->known = true;
    if (kept.ptr[0] == '=')
        label->text = copied(search->call->arena, str_from(kept.ptr + 1, kept.len - 1));
}

static bool has_labels(int kind) {
    return kind == SEARCH_ROLE || kind == SEARCH_SOFT_SKILL || kind == SEARCH_DUTY ||
           kind == SEARCH_LANGUAGE || kind == SEARCH_COMPANY || kind == SEARCH_CITY ||
           kind == SEARCH_REGION || kind == SEARCH_TOOL;
}

static enum status list_labels(struct search *search) {
    const struct search_result *result = &search->result;
    size_t count = 0;
    for (size_t i = 0; i < result->facets_count; i++)
        count += has_labels(result->facets[i].kind) ? result->facets[i].values_count : 0;
    search->labels = arena_array(search->call->arena, count + 1, sizeof *search->labels);
    search->labels_count = 0;
    search->epoch = search_feed_epoch(search->call->worker->shared->feed);
    if (search->labels == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < result->facets_count; i++) {
        const struct search_facet *facet = &result->facets[i];
        for (size_t k = 0; has_labels(facet->kind) && k < facet->values_count; k++) {
            struct search_label *label = &search->labels[search->labels_count++];
            *label = (struct search_label){.kind = facet->kind, .value = facet->values[k].value};
            recall_label(search, label);
        }
    }
    return STATUS_OK;
}

static void learn_label(struct search *search, struct search_label *label, const json_t *said) {
    struct arena *arena = search->call->arena;
    struct str key = label_key(search, label), kept = STR("-");
    label->known = true;
    if (json_is_string(said)) {
        label->text = copied(arena, str_from(json_string_value(said), json_string_length(said)));
        kept = arena_printf(arena, "=%s", json_string_value(said));
    }
    if (!str_is_none(key) && !str_is_none(kept))
        plans_put(search->call->worker->meanings, key, kept, now_of(search));
}

static enum status fetch_cards(struct search *search);

static void on_labels(struct api_call *call, const struct db_result *result) {
    struct search *search = call->state;
    struct str text = db_result_get(result, "labels");
    json_t *said = str_is_none(text) ? NULL : json_loadb(text.ptr, text.len, 0, NULL);
    size_t next = 0;
    for (size_t i = 0; i < search->labels_count; i++)
        if (!search->labels[i].known)
            learn_label(search, &search->labels[i], json_array_get(said, next++));
    json_decref(said);
    enum status status = said == NULL ? STATUS_NO_MEMORY : fetch_cards(search);
    if (status != STATUS_OK)
        api_fail(call, status);
}

/* Binds those that are not known. */
static enum status bind_labels(struct search *search, size_t *missing) {
    struct arena *arena = search->call->arena;
    struct str *kinds = arena_array(arena, search->labels_count + 1, sizeof *kinds);
    struct str *values = arena_array(arena, search->labels_count + 1, sizeof *values);
    *missing = 0;
    if (kinds == NULL || values == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < search->labels_count; i++) {
        const struct search_label *label = &search->labels[i];
        if (label->known)
            continue;
        kinds[*missing] = str_of(search_facet_names[label->kind]);
        values[(*missing)++] = label->value;
    }
    struct str kinds_text = bind_array(arena, kinds, *missing);
    struct str values_text = bind_array(arena, values, *missing);
    api_bind(search->call, "label_facets", kinds_text);
    api_bind(search->call, "label_values", values_text);
    return str_is_none(kinds_text) || str_is_none(values_text) ? STATUS_NO_MEMORY : STATUS_OK;
}

/* ---- items as PostgreSQL makes them ---- */

static void on_items(struct api_call *call, const struct db_result *result) {
    struct search *search = call->state;
    struct str items = copied(call->arena, db_result_get(result, "items"));
    if (str_is_none(items))
        api_fail(call, STATUS_NO_MEMORY);
    else
        search->on_page(search, items);
}

/* All hits, or those whose card is not there. */
static enum status bind_ids(struct search *search, bool all) {
    struct arena *arena = search->call->arena;
    const struct search_result *result = &search->result;
    struct str *ids = arena_array(arena, result->hits_count + 1, sizeof *ids);
    char(*texts)[UUID_TEXT_SIZE] = arena_array(arena, result->hits_count + 1, sizeof *texts);
    size_t count = 0;
    if (ids == NULL || texts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < result->hits_count; i++) {
        if (!all && !str_is_none(search->cards[i]))
            continue;
        uuid_format(&result->hits[i].id, texts[count]);
        ids[count] = str_of(texts[count]);
        count++;
    }
    struct str listed = bind_array(arena, ids, count);
    api_bind(search->call, "ids", listed);
    return str_is_none(listed) ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status bind_distances(struct search *search) {
    struct arena *arena = search->call->arena;
    const struct search_result *result = &search->result;
    struct str *distances = arena_array(arena, result->hits_count + 1, sizeof *distances);
    struct str listed = STR_NONE;
    if (distances == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < result->hits_count; i++) {
        distances[i] = arena_printf(arena, "%lld", (long long)result->hits[i].distance_m);
        if (str_is_none(distances[i]))
            return STATUS_NO_MEMORY;
    }
    if (search->query.place.set)
        listed = bind_array(arena, distances, result->hits_count);
    api_bind(search->call, "distances", listed);
    return STATUS_OK;
}

/* Where the words of this query are is to be shown. */
static enum status bind_marked(struct search *search) {
    struct api_call *call = search->call;
    char *text = json_dumps(json_object_get(search->document, "query"), JSON_COMPACT);
    struct str marked = text == NULL ? STR_NONE : copied(call->arena, str_of(text));
    free(text);
    api_bind(call, "marked", marked);
    return str_is_none(marked) ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status fetch_items(struct search *search, bool highlight) {
    struct api_call *call = search->call;
    enum status status = bind_ids(search, true);
    if (status == STATUS_OK)
        status = bind_distances(search);
    if (status == STATUS_OK && highlight)
        status = bind_marked(search);
    if (status != STATUS_OK)
        return status;
    return api_submit_then(call, highlight ? &stmt_jobs_search_marked : &stmt_jobs_search_items,
                           on_items);
}

/* ---- items as cards ---- */

/* Hits whose card is missing ended a moment ago: they are left out. */
static enum status show_cards(struct search *search) {
    const struct search_result *result = &search->result;
    struct buf items;
    buf_init(&items, ITEMS_MAX);
    for (size_t i = 0; i < result->hits_count; i++) {
        struct str card = search->cards[i];
        long long distance = (long long)result->hits[i].distance_m;
        if (card.len < 2)
            continue;
        if (items.len > 0)
            buf_append_char(&items, ',');
        if (distance < 0) {
            buf_append(&items, card);
        } else {
            buf_append(&items, str_from(card.ptr, card.len - 1));
            buf_printf(&items, ",\"distance_m\":%lld}", distance);
        }
    }
    enum status status = buf_status(&items);
    struct str text = STR("");
    if (status == STATUS_OK && items.len > 0) {
        text = copied(search->call->arena, buf_str(&items));
        status = str_is_none(text) ? STATUS_NO_MEMORY : STATUS_OK;
    }
    buf_deinit(&items);
    if (status == STATUS_OK)
        search->on_page(search, text);
    return status;
}

static void learn_card(struct search *search, const struct uuid *id, struct str card) {
    const struct search_result *result = &search->result;
    for (size_t i = 0; i < result->hits_count; i++) {
        if (memcmp(result->hits[i].id.bytes, id->bytes, sizeof id->bytes) != 0)
            continue;
        search->cards[i] = copied(search->call->arena, card);
        if (!search->streams) /* which goes past all there are, once */
            cards_put(search->call->worker->cards, result->hits[i].stamp, card, now_of(search));
    }
}

static void on_cards(struct api_call *call, const struct db_result *result) {
    struct search *search = call->state;
    int id_column = db_result_column(result, "job_id"), column = db_result_column(result, "card");
    for (size_t row = 0; row < db_result_rows(result); row++) {
        struct uuid id;
        if (uuid_parse(db_result_value(result, row, id_column), &id) == STATUS_OK)
            learn_card(search, &id, db_result_value(result, row, column));
    }
    enum status status = show_cards(search);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static enum status fetch_cards(struct search *search) {
    struct api_call *call = search->call;
    const struct search_result *result = &search->result;
    bool highlight = str_eq(api_parameter(call, "highlight"), STR("true"));
    size_t missing = 0;
    if (highlight || search_parameter(call, "fields") != NULL)
        return fetch_items(search, highlight);
    search->cards = arena_array(call->arena, result->hits_count + 1, sizeof *search->cards);
    if (search->cards == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < result->hits_count; i++) {
        struct str kept = cards_get(call->worker->cards, result->hits[i].stamp, now_of(search));
        search->cards[i] = str_is_none(kept) ? STR_NONE : copied(call->arena, kept);
        missing += str_is_none(search->cards[i]);
    }
    if (missing == 0)
        return show_cards(search);
    enum status status = bind_ids(search, false);
    return status == STATUS_OK ? api_submit_then(call, &stmt_jobs_search_cards, on_cards) : status;
}

enum status search_show(struct search *search) {
    size_t missing;
    enum status status = list_labels(search);
    if (status == STATUS_OK)
        status = bind_labels(search, &missing);
    if (status != STATUS_OK)
        return status;
    return missing == 0 ? fetch_cards(search)
                        : api_submit_then(search->call, &stmt_jobs_search_labels, on_labels);
}

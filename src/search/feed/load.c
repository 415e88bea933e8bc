/* The index as a whole: loaded from the table by two helper threads with a connection each, given
 * to the ports when it is in step with the log, taken from them again, and loaded anew. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_private.h"
#include "generated/statements.h"
#include "segreteria/core/log.h"
#include "segreteria/db/stream.h"

#define ROW_MEMORY_MAX ((size_t)64 * 1024 * 1024)
#define RETRY_MAX_MS 30000u
#define PLAN_DEADLINE_MS 25000u

/* ---- a loader, on a helper thread ---- */

static bool stopped(void *context) {
    const struct loader *loader = context;
    return atomic_load_explicit(&loader->feed->stopping, memory_order_relaxed) ||
           atomic_load_explicit(&loader->feed->load_cancelled, memory_order_relaxed);
}

static void on_segment(struct loop_message *message);

static enum status pass_on(struct loader *loader, struct search_builder *builder) {
    struct segment_message *message = calloc(1, sizeof *message);
    if (message == NULL)
        return STATUS_NO_MEMORY;
    message->feed = loader->feed;
    message->message.deliver = on_segment;
    enum status status = search_builder_finish(builder, &message->segment);
    if (status != STATUS_OK) {
        free(message);
        return status;
    }
    loop_post(loader->feed->loop, &message->message);
    return STATUS_OK;
}

/* Any thread. A store only when there is news: all loaders and workers share the word. */
static void feed_saw_dictionary(struct search_feed *feed, uint8_t dictionary) {
    uint64_t bit = UINT64_C(1) << (dictionary % 64);
    if ((atomic_load_explicit(&feed->dictionaries, memory_order_relaxed) & bit) == 0)
        (void)atomic_fetch_or(&feed->dictionaries, bit);
}

static enum status take_row(struct search_feed *feed, const struct db_stream *stream,
                            const int columns[FEED_COLUMNS], struct arena *arena,
                            struct search_builder *builder) {
    struct str values[FEED_COLUMNS];
    struct search_document document;
    for (size_t i = 0; i < FEED_COLUMNS; i++)
        values[i] = db_stream_value(stream, columns[i]);
    enum status status = feed_document(arena, values, true, &document);
    if (status == STATUS_OK)
        feed_saw_dictionary(feed, document.dictionary);
    if (status == STATUS_OK)
        status = search_builder_add(builder, &document);
    if (status == STATUS_INVALID || status == STATUS_TOO_LARGE) {
        /* One that cannot be understood must not keep out the others. */
        log_error("search_vacancy_refused", "job_id=%.*s reason=%s", STR_FMT(values[COLUMN_ID]),
                  status_name(status));
        status = STATUS_OK;
    }
    return status;
}

static enum status take_rows(struct loader *loader, struct db_stream *stream,
                             struct search_builder *builder) {
    struct arena arena;
    int columns[FEED_COLUMNS];
    enum status status;
    bool first = true;
    arena_init(&arena, ROW_MEMORY_MAX);
    while ((status = db_stream_next(stream)) == STATUS_OK) {
        for (size_t i = 0; first && i < FEED_COLUMNS; i++)
            columns[i] = db_stream_column(stream, feed_column_names[i]);
        first = false;
        status = take_row(loader->feed, stream, columns, &arena, builder);
        if (status == STATUS_OK && search_builder_full(builder))
            status = pass_on(loader, builder);
        arena_reset(&arena);
        if (status != STATUS_OK)
            break;
    }
    arena_deinit(&arena);
    if (status == STATUS_NOT_FOUND)
        status = search_builder_documents(builder) > 0 ? pass_on(loader, builder) : STATUS_OK;
    return status;
}

static void loader_work(struct helper_job *job) {
    struct loader *loader = OWNER_OF(job, struct loader, job);
    const struct db_statement *statement = &stmt_search_feed_load;
    struct str params[2];
    for (size_t i = 0; i < statement->params_count; i++)
        params[i] = str_of(strcmp(statement->params[i], "from") == 0 ? loader->from
                                                                     : loader->until);
    const struct db_stream_options options = {.conninfo = loader->feed->options.conninfo,
                                              .statement = statement,
                                              .params = params,
                                              .binary = true,
                                              .cancelled = stopped,
                                              .context = loader};
    struct search_builder *builder = NULL;
    struct db_stream *stream = NULL;
    loader->status = search_builder_create(loader->feed->index, &builder);
    if (loader->status == STATUS_OK)
        loader->status = db_stream_open(&options, &stream);
    if (loader->status == STATUS_OK)
        loader->status = take_rows(loader, stream, builder);
    db_stream_close(stream);
    search_builder_destroy(builder);
}

/* ---- the feed's thread ---- */

static void give_up(struct search_feed *feed, enum status status) {
    if (feed->load_status == STATUS_OK)
        feed->load_status = status;
    atomic_store(&feed->load_cancelled, true);
}

static void on_segment(struct loop_message *message) {
    struct segment_message *passed = OWNER_OF(message, struct segment_message, message);
    struct search_feed *feed = passed->feed;
    if (atomic_load(&feed->stopping) || feed->state != INDEX_LOADING ||
        feed->load_status != STATUS_OK) {
        search_segment_discard(passed->segment);
    } else {
        enum status status = search_index_adopt(feed->index, passed->segment);
        if (status != STATUS_OK)
            give_up(feed, status);
    }
    free(passed);
}

static void retry(struct search_feed *feed) {
    unsigned shift = feed->load_failures < 6 ? feed->load_failures : 6;
    uint64_t pause_ms = UINT64_C(500) << shift;
    feed->load_failures++;
    loop_timer_set(feed->loop, &feed->load_timer,
                   loop_now_ms(feed->loop) + (pause_ms < RETRY_MAX_MS ? pause_ms : RETRY_MAX_MS));
}

static void did_not_fit(struct search_feed *feed) {
    log_warn("search_memory_reached",
             "limit_mib=%zu effect=\"searches are answered by PostgreSQL alone\"",
             feed->options.memory_limit / ((size_t)1024 * 1024));
    atomic_store(&feed->over_limit, true);
    feed_index_close(feed, false);
}

static void loaded(struct search_feed *feed) {
    if (feed->load_status == STATUS_OK) {
        feed->rewind = true;
        feed_read_log(feed);
    } else if (feed->load_status == STATUS_BUSY) {
        did_not_fit(feed);
    } else {
        if (feed->load_status != STATUS_TIMEOUT)
            log_warn("search_load_failed", "reason=%s", status_name(feed->load_status));
        feed_index_close(feed, true);
    }
}

static void loader_done(struct helper_job *job) {
    struct loader *loader = OWNER_OF(job, struct loader, job);
    struct search_feed *feed = loader->feed;
    feed->loaders_running--;
    if (atomic_load(&feed->stopping))
        return;
    if (loader->status != STATUS_OK)
        give_up(feed, loader->status);
    if (feed->loaders_running > 0)
        return;
    if (feed->state == INDEX_CLOSING)
        feed_index_released(feed);
    else
        loaded(feed);
}

static enum status start_loaders(struct search_feed *feed, struct str middle) {
    struct loader *older = &feed->loaders[0], *newer = &feed->loaders[1];
    if (!str_copy(STR("-infinity"), older->from, sizeof older->from) ||
        !str_copy(middle, older->until, sizeof older->until) ||
        !str_copy(middle, newer->from, sizeof newer->from) ||
        !str_copy(STR("infinity"), newer->until, sizeof newer->until))
        return STATUS_INTERNAL;
    atomic_store(&feed->load_cancelled, false);
    feed->load_status = STATUS_OK;
    feed->state = INDEX_LOADING;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < LOADERS; i++) {
        struct loader *loader = &feed->loaders[i];
        loader->feed = feed;
        loader->job = (struct helper_job){
            .work = loader_work, .done = loader_done, .loop = feed->loop};
        status = helpers_submit(feed->own_helpers, &loader->job);
        feed->loaders_running += status == STATUS_OK;
    }
    if (status != STATUS_OK)
        give_up(feed, status);
    return feed->loaders_running > 0 ? STATUS_OK : status;
}

static void on_plan(struct db_call *call, const struct db_result *result) {
    struct search_feed *feed = OWNER_OF(call, struct search_feed, plan_call);
    feed->planning = false;
    if (feed->state == INDEX_CLOSING) {
        feed_index_released(feed);
        return;
    }
    enum status status = STATUS_UNAVAILABLE;
    if (db_result_outcome(result) == DB_DONE && db_result_rows(result) == 1) {
        const struct search_options options = {.memory_limit = feed->options.memory_limit};
        buf_clear(&feed->plan_snapshot);
        buf_append(&feed->plan_snapshot, db_result_get(result, "snapshot"));
        status = buf_status(&feed->plan_snapshot);
        if (status == STATUS_OK)
            status = search_index_create(&options, &feed->index);
        if (status == STATUS_OK)
            status = start_loaders(feed, db_result_get(result, "middle"));
    }
    if (status != STATUS_OK) {
        search_index_destroy(feed->index);
        feed->index = NULL;
        feed->state = INDEX_NONE;
        retry(feed);
    }
}

void feed_load_begin(struct search_feed *feed) {
    feed->plan_call = (struct db_call){.statement = &stmt_search_feed_plan,
                                       .deadline_ms = loop_now_ms(feed->loop) + PLAN_DEADLINE_MS,
                                       .on_result = on_plan};
    feed->load_began_us = clock_monotonic_us();
    feed->state = INDEX_PLANNED;
    feed->planning = db_lane_submit(feed->lane, &feed->plan_call) == STATUS_OK;
    if (!feed->planning) {
        feed->state = INDEX_NONE;
        retry(feed);
    }
}

static void on_load_timer(struct loop_timer *timer) {
    struct search_feed *feed = OWNER_OF(timer, struct search_feed, load_timer);
    if (feed->state == INDEX_NONE)
        feed_load_begin(feed);
}

void feed_load_init(struct search_feed *feed) { feed->load_timer.on_due = on_load_timer; }

/* ---- giving it to the ports, and taking it back ---- */

static void on_port_answer(struct loop_message *message) {
    struct search_feed *feed = OWNER_OF(message, struct search_port, message)->feed;
    feed->ports_open--;
    if (feed->ports_open > 0 || atomic_load(&feed->stopping))
        return;
    if (feed->state == INDEX_CLOSING)
        feed_index_released(feed);
}

/* On the port's thread, between two requests. */
static void on_port_switch(struct loop_message *message) {
    struct search_port *port = OWNER_OF(message, struct search_port, message);
    if (port->loop == NULL)
        return; /* detached */
    if (port->reader != NULL)
        search_reader_unregister(port->reader);
    port->reader = NULL;
    if (port->wanted != NULL && search_reader_register(port->wanted, &port->reader) != STATUS_OK)
        port->reader = NULL;
    message->deliver = on_port_answer;
    loop_post(port->feed->loop, message);
}

static void switch_ports(struct search_feed *feed, struct search_index *index) {
    for (struct search_port *port = feed->ports; port != NULL; port = port->next) {
        feed->ports_open++;
        port->wanted = index;
        port->message.deliver = on_port_switch;
        loop_post(port->loop, &port->message);
    }
}

void feed_load_caught_up(struct search_feed *feed) {
    uint64_t took_ms = (clock_monotonic_us() - feed->load_began_us) / 1000;
    feed->state = INDEX_READY;
    feed->load_failures = 0;
    switch_ports(feed, feed->index);
    (void)malloc_trim(0); /* what the builders needed is several times what is left of it */
    feed_publish_stats(feed);
    atomic_store(&feed->load_ms, took_ms);
    (void)atomic_fetch_add(&feed->loads, 1);
    atomic_store(&feed->ready, true);
    log_info("search_ready", "vacancies=%llu mib=%zu ms=%llu",
             (unsigned long long)feed->index_stats.documents,
             feed->index_stats.bytes / ((size_t)1024 * 1024), (unsigned long long)took_ms);
    feed_merge_soon(feed);
    feed_lexicon_soon(feed);
}

/* Nobody uses the index any more once the ports, the loaders and the merge have let go of it. */
void feed_index_released(struct search_feed *feed) {
    if (feed->state != INDEX_CLOSING || feed->ports_open > 0 || feed->loaders_running > 0 ||
        feed->merge != NULL || feed->making_lexicon || feed->planning)
        return;
    if (!feed->ports_told) { /* the answers to an earlier switch had to come first */
        feed->ports_told = true;
        switch_ports(feed, NULL);
        if (feed->ports_open > 0)
            return;
    }
    search_index_destroy(feed->index);
    feed->index = NULL;
    feed->has_lexicon = false;
    feed->state = INDEX_NONE;
    if (feed->reload_wanted)
        retry(feed);
}

void feed_index_close(struct search_feed *feed, bool reload) {
    atomic_store(&feed->ready, false);
    atomic_store(&feed->load_cancelled, true);
    feed->reload_wanted = reload;
    feed->rewind = false;
    if (feed->state == INDEX_CLOSING)
        return;
    feed->state = INDEX_CLOSING;
    feed->ports_told = false;
    feed_index_released(feed);
}

/* ---- changes ---- */

static enum status read_change(struct search_feed *feed, const struct db_result *result, size_t row,
                               const int columns[FEED_COLUMNS], struct search_change *out) {
    struct str values[FEED_COLUMNS];
    for (size_t i = 0; i < FEED_COLUMNS; i++)
        values[i] = db_result_value(result, row, columns[i]);
    struct search_document *document = NULL;
    enum status status = STATUS_OK;
    if (!str_is_none(values[COLUMN_ID])) {
        document = arena_alloc(&feed->arena, sizeof *document);
        status = document == NULL ? STATUS_NO_MEMORY
                                  : feed_document(&feed->arena, values, false, document);
        if (status == STATUS_OK)
            feed_saw_dictionary(feed, document->dictionary);
    }
    out->document = status == STATUS_OK ? document : NULL;
    return status;
}

/* Together, or one by one where one of them is refused: the others must not be kept out by it. What
 * is refused is taken out of the index. */
static enum status apply(struct search_feed *feed, struct search_change *changes, size_t count) {
    enum status status = search_index_apply(feed->index, changes, count);
    if (status != STATUS_INVALID && status != STATUS_TOO_LARGE)
        return status;
    status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = search_index_apply(feed->index, &changes[i], 1);
        if (status != STATUS_INVALID && status != STATUS_TOO_LARGE)
            continue;
        char id[UUID_TEXT_SIZE];
        uuid_format(&changes[i].id, id);
        log_error("search_vacancy_refused", "job_id=%s reason=%s", id, status_name(status));
        changes[i].document = NULL;
        status = search_index_apply(feed->index, &changes[i], 1);
    }
    return status;
}

void feed_apply(struct search_feed *feed, const struct db_result *result) {
    int columns[FEED_COLUMNS], id_column = db_result_column(result, "changed_id");
    size_t rows = db_result_rows(result), count = 0;
    for (size_t i = 0; i < FEED_COLUMNS; i++)
        columns[i] = db_result_column(result, feed_column_names[i]);
    struct search_change *changes = arena_array(&feed->arena, rows, sizeof *changes);
    enum status status = changes == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t row = 0; row < rows && status == STATUS_OK; row++) {
        struct str id = db_result_value(result, row, id_column);
        if (str_is_none(id) || uuid_parse(id, &changes[count].id) != STATUS_OK)
            continue;
        status = read_change(feed, result, row, columns, &changes[count]);
        if (status == STATUS_INVALID) {
            log_error("search_vacancy_refused", "job_id=%.*s reason=unreadable", STR_FMT(id));
            status = STATUS_OK;
        }
        count++;
    }
    if (status == STATUS_OK && count > 0)
        status = apply(feed, changes, count);
    arena_reset(&feed->arena);
    if (status == STATUS_BUSY) {
        did_not_fit(feed);
    } else if (status != STATUS_OK) {
        log_error("search_apply_failed", "reason=%s", status_name(status));
        feed_index_close(feed, true);
    } else {
        feed_merge_soon(feed);
        feed_lexicon_soon(feed);
    }
}

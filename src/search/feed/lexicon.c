/* The lexicon: the vocabulary for misspelt words and what is suggested while somebody types, made
 * on a helper thread from the words, names and titles that PostgreSQL keeps, some time after
 * vacancies have changed or a day has begun, and published with the index. How many vacancies have
 * a word, a role, a tool or a place is asked of the index itself. */
#include <stdlib.h>
#include <string.h>

#include "feed_private.h"
#include "generated/statements.h"
#include "segreteria/core/log.h"
#include "segreteria/db/stream.h"
#include "segreteria/search/lexicon.h"

#define PAUSE_MS 1000u  /* after a change: more may follow */
#define PAUSE_TIMES 10u /* of what making it costs, it rests: at most a tenth of a core */
#define RETRY_MS 10000u
#define MEMORY_MAX ((size_t)512 * 1024 * 1024)
#define DAY_MS 86400000

/* Everything that one making needs; on the helper's thread. */
struct making {
    struct search_feed *feed;
    struct arena arena; /* of the lists' texts */
    struct search_reader *reader;
    struct search_word *words;
    size_t words_count, words_capacity;
    struct search_offer *offers; /* `keys` is set when all keys are there */
    size_t offers_count, offers_capacity;
    struct str *keys; /* of the offers, one after the other */
    size_t keys_count, keys_capacity;
    struct search_title *titles;
    size_t titles_count, titles_capacity;
    struct str *stop_words;
    size_t stop_words_count, stop_words_capacity;
};

static bool stopped(void *context) {
    const struct search_feed *feed = context;
    return atomic_load_explicit(&feed->stopping, memory_order_relaxed) ||
           atomic_load_explicit(&feed->load_cancelled, memory_order_relaxed);
}

/* ---- counting ---- */

static uint64_t count_lexeme(struct making *making, uint8_t dictionary, struct str lexeme) {
    const struct search_version *version = search_reader_enter(making->reader);
    uint64_t count = search_version_count_term(version, dictionary, lexeme);
    search_reader_leave(making->reader);
    return count;
}

/* ---- the lists ---- */

static bool grow(void **list, size_t *capacity, size_t used, size_t size) {
    if (used < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 4096 : *capacity * 2;
    void *bigger = realloc(*list, wanted * size);
    if (bigger == NULL)
        return false;
    *list = bigger;
    *capacity = wanted;
    return true;
}

static bool copy(struct making *making, struct str text, struct str *out) {
    *out = STR_NONE;
    if (str_is_none(text))
        return true;
    const char *kept = arena_strdup(&making->arena, text);
    *out = str_from(kept, text.len);
    return kept != NULL;
}

/* Rows come by word: a word's dictionaries one after the other. */
static enum status take_word(struct making *making, const struct db_stream *stream) {
    struct str word = db_stream_value(stream, 0);
    uint64_t dictionary;
    if (str_to_u64(db_stream_value(stream, 1), SEARCH_DICTIONARIES_MAX - 1, &dictionary) !=
        STATUS_OK)
        return STATUS_INVALID;
    uint64_t n = count_lexeme(making, (uint8_t)dictionary, db_stream_value(stream, 2));
    if (n == 0)
        return STATUS_OK;
    struct search_word *last = making->words_count > 0 ? &making->words[making->words_count - 1]
                                                       : NULL;
    if (last != NULL && str_eq(last->word, word)) {
        last->count += (uint32_t)n;
        return STATUS_OK;
    }
    struct search_word fresh = {.count = (uint32_t)n};
    if (!grow((void **)&making->words, &making->words_capacity, making->words_count,
              sizeof *making->words) ||
        making->words == NULL || !copy(making, word, &fresh.word))
        return STATUS_NO_MEMORY;
    making->words[making->words_count++] = fresh;
    return STATUS_OK;
}

static bool kind_of(struct str name, enum search_suggestion_kind *out) {
    *out = str_eq(name, STR("role"))   ? SEARCH_SUGGEST_ROLE
           : str_eq(name, STR("tool")) ? SEARCH_SUGGEST_TOOL
                                       : SEARCH_SUGGEST_PLACE;
    return *out != SEARCH_SUGGEST_PLACE || str_eq(name, STR("place"));
}

/* Rows come by kind and code: the names of one thing one after the other. */
static enum status take_name(struct making *making, const struct db_stream *stream) {
    struct search_offer *last = making->offers_count > 0 ? &making->offers[making->offers_count - 1]
                                                         : NULL;
    struct str code = db_stream_value(stream, 1), key = db_stream_value(stream, 5);
    enum search_suggestion_kind kind;
    if (!kind_of(db_stream_value(stream, 0), &kind))
        return STATUS_INVALID;
    if (last == NULL || last->kind != kind || !str_eq(last->code, code)) {
        struct search_offer fresh = {.kind = kind};
        if (!grow((void **)&making->offers, &making->offers_capacity, making->offers_count,
                  sizeof *making->offers) ||
            making->offers == NULL || !copy(making, code, &fresh.code) ||
            !copy(making, db_stream_value(stream, 2), &fresh.texts[SEARCH_SUGGEST_EN]) ||
            !copy(making, db_stream_value(stream, 3), &fresh.texts[SEARCH_SUGGEST_IT]) ||
            !copy(making, db_stream_value(stream, 4), &fresh.near))
            return STATUS_NO_MEMORY;
        making->offers[making->offers_count++] = fresh;
    }
    if (!grow((void **)&making->keys, &making->keys_capacity, making->keys_count,
              sizeof *making->keys) ||
        making->keys == NULL || !copy(making, key, &making->keys[making->keys_count]))
        return STATUS_NO_MEMORY;
    making->keys_count++;
    making->offers[making->offers_count - 1].keys_count++;
    return STATUS_OK;
}

static enum status take_title(struct making *making, const struct db_stream *stream) {
    struct search_title title;
    uint64_t published; /* nothing is published before 1970 */
    if (uuid_parse(db_stream_value(stream, 0), &title.id) != STATUS_OK ||
        str_to_u64(db_stream_value(stream, 1), INT64_MAX, &published) != STATUS_OK)
        return STATUS_INVALID;
    title.published_at_us = (int64_t)published;
    if (!grow((void **)&making->titles, &making->titles_capacity, making->titles_count,
              sizeof *making->titles) ||
        making->titles == NULL || !copy(making, db_stream_value(stream, 2), &title.key) ||
        !copy(making, db_stream_value(stream, 3), &title.text))
        return STATUS_NO_MEMORY;
    making->titles[making->titles_count++] = title;
    return STATUS_OK;
}

static enum status take_stop_word(struct making *making, const struct db_stream *stream) {
    if (!grow((void **)&making->stop_words, &making->stop_words_capacity, making->stop_words_count,
              sizeof *making->stop_words) ||
        making->stop_words == NULL ||
        !copy(making, db_stream_value(stream, 0), &making->stop_words[making->stop_words_count]))
        return STATUS_NO_MEMORY;
    making->stop_words_count++;
    return STATUS_OK;
}

static enum status take_all(struct making *making, const struct db_statement *statement,
                            enum status (*take)(struct making *making,
                                                const struct db_stream *stream)) {
    const struct db_stream_options options = {.conninfo = making->feed->options.conninfo,
                                              .statement = statement,
                                              .cancelled = stopped,
                                              .context = making->feed};
    struct db_stream *stream = NULL;
    enum status status = db_stream_open(&options, &stream);
    while (status == STATUS_OK) {
        status = db_stream_next(stream);
        if (status == STATUS_OK)
            status = take(making, stream);
    }
    db_stream_close(stream);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status weigh(struct making *making) {
    size_t key = 0;
    for (size_t i = 0; i < making->offers_count; i++) {
        making->offers[i].keys = making->keys + key;
        key += making->offers[i].keys_count;
    }
    const struct search_version *version = search_reader_enter(making->reader);
    enum status status = search_version_weigh(version, making->feed->lexicon_day, making->offers,
                                              making->offers_count);
    search_reader_leave(making->reader);
    return status;
}

static enum status make(struct making *making) {
    static const struct {
        const struct db_statement *statement;
        enum status (*take)(struct making *making, const struct db_stream *stream);
    } lists[] = {{&stmt_search_feed_words, take_word},
                 {&stmt_search_feed_names, take_name},
                 {&stmt_search_feed_titles, take_title},
                 {&stmt_search_feed_stop_words, take_stop_word}};
    enum status status = search_reader_register(making->feed->index, &making->reader);
    for (size_t i = 0; status == STATUS_OK && i < sizeof lists / sizeof lists[0]; i++)
        status = take_all(making, lists[i].statement, lists[i].take);
    if (status == STATUS_OK)
        status = weigh(making);
    const struct search_lexicon_lists made = {
        making->words,  making->words_count,  making->offers,     making->offers_count,
        making->titles, making->titles_count, making->stop_words, making->stop_words_count};
    return status == STATUS_OK ? search_lexicon_create(&made, &making->feed->lexicon) : status;
}

static void work(struct helper_job *job) {
    struct search_feed *feed = OWNER_OF(job, struct search_feed, lexicon_job);
    struct making making = {.feed = feed};
    uint64_t before_us = clock_thread_us();
    arena_init(&making.arena, MEMORY_MAX);
    feed->lexicon_status = make(&making);
    if (making.reader != NULL)
        search_reader_unregister(making.reader);
    free(making.words);
    free(making.offers);
    free(making.keys);
    free(making.titles);
    free(making.stop_words);
    arena_deinit(&making.arena);
    feed->lexicon_cost_us = clock_thread_us() - before_us;
}

/* ---- the feed's thread ---- */

static void done(struct helper_job *job) {
    struct search_feed *feed = OWNER_OF(job, struct search_feed, lexicon_job);
    struct search_lexicon *lexicon = feed->lexicon;
    feed->making_lexicon = false;
    feed->lexicon = NULL;
    if (atomic_load(&feed->stopping) || feed->state != INDEX_READY) {
        search_lexicon_destroy(lexicon);
        if (!atomic_load(&feed->stopping) && feed->state == INDEX_CLOSING)
            feed_index_released(feed);
        return;
    }
    enum status status = feed->lexicon_status;
    if (status == STATUS_OK)
        status = search_index_set_lexicon(feed->index, lexicon);
    if (status != STATUS_OK) {
        log_warn("search_lexicon_failed", "reason=%s", status_name(status));
        feed->lexicon_rest_until_ms = loop_now_ms(feed->loop) + RETRY_MS;
        feed_lexicon_soon(feed);
        return;
    }
    log_write(feed->has_lexicon ? LOG_DEBUG : LOG_INFO, "search_lexicon_ready",
              "ms=%llu cpu_ms=%llu",
              (unsigned long long)(clock_monotonic_us() - feed->lexicon_began_us) / 1000,
              (unsigned long long)feed->lexicon_cost_us / 1000);
    feed->has_lexicon = true;
    feed->lexicon_rest_until_ms = loop_now_ms(feed->loop) +
                                  feed->lexicon_cost_us / 1000 * PAUSE_TIMES;
    (void)atomic_fetch_add(&feed->epoch, 1); /* kept answers may hold other spellings */
    if (feed->lexicon_stale)
        feed_lexicon_soon(feed);
}

static void on_timer(struct loop_timer *timer) {
    struct search_feed *feed = OWNER_OF(timer, struct search_feed, lexicon_timer);
    if (feed->state != INDEX_READY || feed->making_lexicon)
        return;
    feed->lexicon_stale = false;
    feed->lexicon_day = (int32_t)(clock_unix_ms() / DAY_MS);
    feed->lexicon_began_us = clock_monotonic_us();
    feed->lexicon_job = (struct helper_job){.work = work, .done = done, .loop = feed->loop};
    struct helpers *helpers = feed->has_lexicon ? feed->yielding_helpers : feed->own_helpers;
    feed->making_lexicon = helpers_submit(helpers, &feed->lexicon_job) == STATUS_OK;
    if (!feed->making_lexicon)
        feed_lexicon_soon(feed);
}

void feed_lexicon_soon(struct search_feed *feed) {
    uint64_t due_ms = loop_now_ms(feed->loop) + PAUSE_MS;
    feed->lexicon_stale = true;
    if (feed->making_lexicon || feed->lexicon_timer.link != NULL)
        return;
    loop_timer_set(feed->loop, &feed->lexicon_timer,
                   due_ms > feed->lexicon_rest_until_ms ? due_ms : feed->lexicon_rest_until_ms);
}

/* What expired at midnight was not written, and counts differ. */
void feed_lexicon_look(struct search_feed *feed) {
    if (feed->state == INDEX_READY && feed->lexicon_day != (int32_t)(clock_unix_ms() / DAY_MS))
        feed_lexicon_soon(feed);
}

void feed_lexicon_init(struct search_feed *feed) { feed->lexicon_timer.on_due = on_timer; }

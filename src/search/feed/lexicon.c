/* The vocabulary for misspelt words: made on a helper thread from the words that PostgreSQL keeps,
 * some time after vacancies have changed, and published with the index. How many vacancies have a
 * word is asked of the index itself. */
#include <stdlib.h>
#include <string.h>

#include "feed_private.h"
#include "generated/statements.h"
#include "segreteria/core/log.h"
#include "segreteria/db/stream.h"
#include "segreteria/search/lexicon.h"

#define PAUSE_MS 1000u  /* after a change: more may follow */
#define PAUSE_TIMES 10u /* of what making it takes, it rests: at most a tenth of a core */
#define RETRY_MS 10000u
#define MEMORY_MAX ((size_t)512 * 1024 * 1024)

/* Everything that one making needs; on the helper's thread. */
struct making {
    struct search_feed *feed;
    struct arena arena; /* of the lists' texts */
    struct search_reader *reader;
    struct search_word *words;
    size_t words_count, words_capacity;
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

static void work(struct helper_job *job) {
    struct search_feed *feed = OWNER_OF(job, struct search_feed, lexicon_job);
    struct making making = {.feed = feed};
    arena_init(&making.arena, MEMORY_MAX);
    enum status status = search_reader_register(feed->index, &making.reader);
    if (status == STATUS_OK)
        status = take_all(&making, &stmt_search_feed_words, take_word);
    if (status == STATUS_OK)
        status = search_lexicon_create(making.words, making.words_count, NULL, 0, &feed->lexicon);
    if (making.reader != NULL)
        search_reader_unregister(making.reader);
    free(making.words);
    arena_deinit(&making.arena);
    feed->lexicon_status = status;
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
    uint64_t took_ms = (clock_monotonic_us() - feed->lexicon_began_us) / 1000;
    feed->lexicon_rest_until_ms = loop_now_ms(feed->loop) + took_ms * PAUSE_TIMES;
    if (feed->lexicon_status != STATUS_OK) {
        log_warn("search_lexicon_failed", "reason=%s", status_name(feed->lexicon_status));
        feed->lexicon_rest_until_ms = loop_now_ms(feed->loop) + RETRY_MS;
        feed_lexicon_soon(feed);
        return;
    }
    if (search_index_set_lexicon(feed->index, lexicon) != STATUS_OK)
        log_warn("search_lexicon_failed", "reason=no_memory");
    else
        log_debug("search_lexicon_ready", "ms=%llu", (unsigned long long)took_ms);
    (void)atomic_fetch_add(&feed->epoch, 1); /* kept answers may hold other spellings */
    if (feed->lexicon_stale)
        feed_lexicon_soon(feed);
}

static void on_timer(struct loop_timer *timer) {
    struct search_feed *feed = OWNER_OF(timer, struct search_feed, lexicon_timer);
    if (feed->state != INDEX_READY || feed->making_lexicon)
        return;
    feed->lexicon_stale = false;
    feed->lexicon_began_us = clock_monotonic_us();
    feed->lexicon_job = (struct helper_job){.work = work, .done = done, .loop = feed->loop};
    feed->making_lexicon = helpers_submit(feed->own_helpers, &feed->lexicon_job) == STATUS_OK;
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

void feed_lexicon_init(struct search_feed *feed) { feed->lexicon_timer.on_due = on_timer; }

/* The search index alone, on a corpus made here:
 *
 *   search_bench [vacancies] [seconds of changes]
 *
 * Words by a Zipf-Mandelbrot law (the commonest in about half of the vacancies), some 200 positions
 * and 150 different words a vacancy, cities and companies skewed. Prints the time of filling, the
 * memory, the percentiles of each kind of query, and of queries while changes come.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "search_corpus.h"
#include "segreteria/core/clock.h"

#define ROUNDS 300u
#define TOOLS 600u
#define TITLED 10000u

static struct search_title newest[TITLED]; /* the last vacancies, without their titles */

/* Of this thread alone: the machine may be busy with other work. */
static uint64_t processor_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void fill(struct bench *bench) {
    struct search_builder *builder;
    struct search_segment *segment;
    struct made *made = bench_need(malloc(sizeof *made));
    uint64_t adding = 0, terms = 0;
    bench_must(search_builder_create(bench->index, &builder));
    for (uint32_t i = 0; i < bench->documents; i++) {
        const struct search_document *document = bench_make(bench, made, i);
        terms += document->terms_count;
        newest[i % TITLED] = (struct search_title){document->id, document->published_at_us,
                                                   STR_NONE, STR_NONE};
        uint64_t start = processor_us();
        bench_must(search_builder_add(builder, document));
        if (search_builder_full(builder) || i + 1 == bench->documents) {
            bench_must(search_builder_finish(builder, &segment));
            bench_must(search_index_adopt(bench->index, segment));
        }
        adding += processor_us() - start;
    }
    search_builder_destroy(builder);
    free(made);
    struct search_stats stats;
    search_index_stats(bench->index, &stats);
    printf("%u vacancies, %.0f words each: filled in %.2f s, %.1f MiB, %zu segments\n",
           bench->documents, (double)terms / bench->documents, (double)adding / 1e6,
           (double)stats.bytes / 1048576, stats.segments);
}

/* ---- queries ---- */

static int compare_times(const void *a, const void *b) { return bench_compare_numbers(a, b); }

static void report(const char *name, uint64_t *times, size_t count, uint64_t total) {
    qsort(times, count, sizeof *times, compare_times);
    printf("  %-34s p50 %7.3f  p99 %7.3f  max %7.3f ms   %9.0f found\n", name,
           (double)times[count / 2] / 1e3, (double)times[count * 99 / 100] / 1e3,
           (double)times[count - 1] / 1e3, (double)total / (double)count);
}

struct asked {
    struct search_query query;
    struct search_text texts[2];
    struct search_clause clauses[2][4];
    struct search_sequence sequences[2][4];
    struct search_step steps[2][4][4];
    struct str city;
    char city_text[24];
    struct search_language_skill skill;
    struct search_facet_ask facets[SEARCH_FACETS];
};

/* Clauses of `steps` words each, the first of them of these ranks and those after it. */
static void ask_words(struct bench *bench, struct asked *asked, const uint32_t *ranks,
                      unsigned count, unsigned steps, size_t prefix) {
    asked->query.has_text = true;
    asked->query.texts = asked->texts;
    asked->query.texts_count = 2;
    asked->query.sort = SEARCH_BY_RELEVANCE;
    for (unsigned d = 0; d < 2; d++) {
        asked->texts[d] = (struct search_text){
            .dictionary = (uint8_t)(d + 1), .all = asked->clauses[d], .all_count = count};
        for (unsigned i = 0; i < count; i++) {
            for (unsigned j = 0; j < steps; j++)
                asked->steps[d][i][j] = (struct search_step){.lexeme = bench->words[ranks[i] + j],
                                                             .distance = (uint16_t)j};
            if (prefix > 0) {
                asked->steps[d][i][0].prefix = true;
                asked->steps[d][i][0].lexeme.len = prefix;
            }
            asked->sequences[d][i] = (struct search_sequence){asked->steps[d][i], steps};
            asked->clauses[d][i] = (struct search_clause){&asked->sequences[d][i], 1};
        }
    }
}

static void ask_facets(struct asked *asked, const int *kinds, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        asked->facets[i] = (struct search_facet_ask){kinds[i], 20};
    asked->query.facets = asked->facets;
    asked->query.facets_count = count;
}

enum kind {
    NEWEST,
    COMMON,
    TWO,
    WORD_CITY_LANGUAGE,
    RARE,
    PHRASE,
    PHRASE_COMMONEST,
    PREFIX,
    RADIUS,
    DISTANCE,
    SALARY,
    COMMON_DEEP,
    FIVE_FACETS,
    FIVE_FACETS_FILTERED,
    ALL_FACETS,
    KINDS
};

static const char *const names[KINDS] = {"newest 20",
                                         "common word",
                                         "two words",
                                         "word + city + language",
                                         "rare word",
                                         "phrase",
                                         "phrase of the commonest words",
                                         "prefix of three letters",
                                         "radius 30 km",
                                         "word, radius 100 km, by distance",
                                         "common word by salary",
                                         "common word, page 50,000 further on",
                                         "five facets over a common word",
                                         "five facets, two filters",
                                         "all facets over all"};

static void compose(struct bench *bench, struct asked *asked, enum kind kind) {
    static const int five[] = {SEARCH_ROLE, SEARCH_CITY, SEARCH_COMPANY, SEARCH_TOOL,
                               SEARCH_LANGUAGE};
    int all[SEARCH_FACETS];
    uint32_t ranks[2] = {bench_below(bench, 20), 20 + bench_below(bench, 60)};
    uint32_t rare = 20000 + bench_below(bench, 100000), middle = 30 + bench_below(bench, 200);
    *asked = (struct asked){.query = {.limit = 20, .office_days_max = -1, .today = bench->today}};
    struct search_query *query = &asked->query;
    query->now_us = bench->now_us;
    int len = snprintf(asked->city_text, sizeof asked->city_text, "city %u",
                       bench_below(bench, 10));
    asked->city = str_from(asked->city_text, (size_t)len);
    uint32_t place = bench_skewed(bench, CITIES);
    query->place.latitude = 36 + (place * 37 % 1009) * 0.0109;
    query->place.longitude = 7 + (place * 53 % 1013) * 0.0109;
    for (int i = 0; i < SEARCH_FACETS; i++)
        all[i] = i;
    switch (kind) {
    case NEWEST: break;
    case COMMON: ask_words(bench, asked, ranks, 1, 1, 0); break;
    case TWO: ask_words(bench, asked, ranks, 2, 1, 0); break;
    case FIVE_FACETS_FILTERED:
    case WORD_CITY_LANGUAGE:
        ask_words(bench, asked, ranks, 1, 1, 0);
        query->fields[SEARCH_CITY] = (struct search_filter){&asked->city, 1, false};
        asked->skill = (struct search_language_skill){STR("en"), 4};
        query->languages = &asked->skill;
        query->languages_count = 1;
        if (kind == FIVE_FACETS_FILTERED)
            ask_facets(asked, five, 5);
        break;
    case RARE: ask_words(bench, asked, &rare, 1, 1, 0); break;
    case PHRASE: ask_words(bench, asked, &middle, 1, 2, 0); break;
    case PHRASE_COMMONEST: ask_words(bench, asked, ranks, 1, 2, 0); break;
    case PREFIX: ask_words(bench, asked, &rare, 1, 1, 3); break;
    case DISTANCE:
        ask_words(bench, asked, ranks, 1, 1, 0);
        query->sort = SEARCH_BY_DISTANCE;
        /* fall through */
    case RADIUS:
        query->place.set = query->place.within = true;
        query->place.radius_m = kind == RADIUS ? 30000 : 100000;
        break;
    case SALARY:
        ask_words(bench, asked, ranks, 1, 1, 0);
        query->sort = SEARCH_BY_SALARY;
        break;
    case COMMON_DEEP:
        ask_words(bench, asked, ranks, 1, 1, 0);
        query->after = (struct search_after){
            .set = true, .key = 4, .published_at_us = bench->now_us - INT64_C(7776000000000)};
        break;
    case FIVE_FACETS:
        ask_words(bench, asked, ranks, 1, 1, 0);
        ask_facets(asked, five, 5);
        break;
    case ALL_FACETS: ask_facets(asked, all, SEARCH_FACETS); break;
    case KINDS: break;
    }
}

static uint64_t run(struct bench *bench, const struct asked *asked, uint64_t *total) {
    struct search_result result;
    uint64_t start = processor_us();
    bench_must(search_query_run(search_reader_enter(bench->reader), &asked->query, bench->scratch,
                                &bench->arena, &result));
    search_reader_leave(bench->reader);
    uint64_t spent = processor_us() - start;
    *total += result.total;
    arena_reset(&bench->arena);
    return spent;
}

static void measure_queries(struct bench *bench) {
    uint64_t times[ROUNDS];
    struct asked *asked = bench_need(malloc(sizeof *asked));
    for (unsigned kind = 0; kind < KINDS; kind++) {
        uint64_t total = 0, warm = 0;
        for (unsigned i = 0; i < 20; i++) {
            compose(bench, asked, (enum kind)kind);
            run(bench, asked, &warm);
        }
        for (unsigned i = 0; i < ROUNDS; i++) {
            compose(bench, asked, (enum kind)kind);
            times[i] = run(bench, asked, &total);
        }
        report(names[kind], times, ROUNDS, total);
    }
    free(asked);
}

/* ---- the lexicon ---- */

static int compare_titles(const void *a, const void *b) {
    const struct search_title *x = a, *y = b;
    size_t shared = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = memcmp(x->key.ptr, y->key.ptr, shared);
    return order != 0 ? order : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

static void measure_lexicon(struct bench *bench) {
    struct search_word *words = bench_need(malloc(VOCABULARY * sizeof *words));
    uint32_t titles = bench->documents < TITLED ? bench->documents : TITLED;
    struct search_title *list = bench_need(malloc(titles * sizeof *list));
    for (uint32_t i = 0; i < VOCABULARY; i++)
        words[i] = (struct search_word){bench->words[i], VOCABULARY - i};
    for (uint32_t i = 0; i < titles; i++) {
        struct str text = arena_printf(&bench->arena, "%.*s %.*s %.*s",
                                       STR_FMT(bench->words[bench_skewed(bench, 500)]),
                                       STR_FMT(bench->words[bench_skewed(bench, 5000)]),
                                       STR_FMT(bench->words[bench_skewed(bench, 3000)]));
        list[i] = (struct search_title){newest[i].id, newest[i].published_at_us, text, text};
    }
    qsort(list, titles, sizeof *list, compare_titles);
    struct search_offer *offers = bench_need(malloc((CITIES + TOOLS) * sizeof *offers));
    struct str *keys = bench_need(malloc((CITIES + TOOLS) * sizeof *keys));
    for (uint32_t i = 0; i < CITIES + TOOLS; i++) {
        bool city = i < CITIES;
        keys[i] = city ? arena_printf(&bench->arena, "city %u", i)
                       : arena_printf(&bench->arena, "tool %u", i - CITIES);
        struct str code = city ? keys[i] : arena_printf(&bench->arena, "tool_%u", i - CITIES);
        offers[i] = (struct search_offer){.kind = city ? SEARCH_SUGGEST_PLACE : SEARCH_SUGGEST_TOOL,
                                          .code = code,
                                          .texts = {keys[i], keys[i]},
                                          .keys = &keys[i],
                                          .keys_count = 1};
    }
    struct search_lexicon *lexicon;
    uint64_t start = processor_us();
    bench_must(search_version_weigh(search_reader_enter(bench->reader), bench->today, offers,
                                    CITIES + TOOLS));
    search_reader_leave(bench->reader);
    const struct search_lexicon_lists lists = {words, VOCABULARY, offers, CITIES + TOOLS,
                                               list,  titles,     NULL,   0};
    bench_must(search_lexicon_create(&lists, &lexicon));
    printf("lexicon of %u words and %u titles: made in %.2f s, %.1f MiB\n", VOCABULARY, titles,
           (double)(processor_us() - start) / 1e6, (double)search_lexicon_bytes(lexicon) / 1048576);
    bench_must(search_index_set_lexicon(bench->index, lexicon));
    arena_reset(&bench->arena);
    uint64_t times[ROUNDS], found = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct str word = bench->words[bench_below(bench, VOCABULARY)], out;
        char text[16];
        memcpy(text, word.ptr, word.len);
        text[2] = text[2] == 'x' ? 'y' : 'x';
        start = processor_us();
        found += search_spell(lexicon, str_from(text, word.len), &bench->arena, &out) == STATUS_OK;
        times[i] = processor_us() - start;
    }
    report("misspelt word", times, ROUNDS, found * ROUNDS / ROUNDS);
    for (size_t len = 1; len <= 3; len++) {
        found = 0;
        for (unsigned i = 0; i < ROUNDS; i++) {
            struct str word = str_from(bench->words[bench_below(bench, 5000)].ptr, len);
            struct search_suggestion *out;
            size_t count;
            const struct search_suggest_ask ask = {
                .typed = word, .today = bench->today, .limit = 10};
            start = processor_us();
            bench_must(search_suggest(search_reader_enter(bench->reader), &ask, &bench->arena, &out,
                                      &count));
            search_reader_leave(bench->reader);
            times[i] = processor_us() - start;
            found += count;
            arena_reset(&bench->arena);
        }
        report("suggest", times, ROUNDS, found);
    }
    free(words);
    free(list);
    free(offers);
    free(keys);
}

/* ---- changes while queries run ---- */

struct merger {
    pthread_t thread;
    struct search_merge *merge;
    atomic_bool done;
};

static void *merge_main(void *context) {
    struct merger *merger = context;
    bench_must(search_merge_run(merger->merge));
    atomic_store(&merger->done, true);
    return NULL;
}

struct asker {
    struct bench *bench;
    atomic_bool stop;
    uint64_t times[65536];
    size_t count;
    uint64_t total;
};

static void *ask_main(void *context) {
    struct asker *asker = context;
    struct asked *asked = bench_need(malloc(sizeof *asked));
    while (!atomic_load(&asker->stop) && asker->count < 65536) {
        compose(asker->bench, asked, (enum kind)(asker->count % (FIVE_FACETS + 1)));
        asker->times[asker->count++] = run(asker->bench, asked, &asker->total);
    }
    free(asked);
    return NULL;
}

/* Batches of 20: half new, half replace what is there. */
static void measure_changes(struct bench *bench, unsigned seconds) {
    struct bench own = *bench; /* random numbers of the writer */
    struct made *made = bench_need(malloc(20 * sizeof *made));
    struct asker *asker = bench_need(calloc(1, sizeof *asker));
    struct merger merger = {0};
    bool merging = false;
    uint64_t *times = bench_need(malloc(1000000 * sizeof *times));
    size_t batches = 0;
    pthread_t thread;
    asker->bench = bench;
    own.state ^= 0x5555;
    pthread_create(&thread, NULL, ask_main, asker);
    uint64_t start = clock_monotonic_us(), end = start + seconds * UINT64_C(1000000), busy = 0;
    while (clock_monotonic_us() < end && batches < 1000000) {
        struct search_change changes[20];
        for (unsigned i = 0; i < 20; i++) {
            struct search_document *document = &made[i].document;
            (void)bench_make(&own, &made[i],
                             i % 2 == 0 ? bench->documents : bench_below(&own, bench->documents));
            changes[i] = (struct search_change){document->id, document};
        }
        uint64_t from = processor_us();
        bench_must(search_index_apply(bench->index, changes, 20));
        if (!merging && search_merge_plan(bench->index, &merger.merge) == STATUS_OK) {
            merging = true;
            atomic_store(&merger.done, false);
            pthread_create(&merger.thread, NULL, merge_main, &merger);
        } else if (merging && atomic_load(&merger.done)) {
            pthread_join(merger.thread, NULL);
            bench_must(search_merge_install(bench->index, merger.merge));
            merging = false;
        }
        times[batches] = processor_us() - from;
        busy += times[batches++];
    }
    atomic_store(&asker->stop, true);
    pthread_join(thread, NULL);
    if (merging) {
        pthread_join(merger.thread, NULL);
        bench_must(search_merge_install(bench->index, merger.merge));
    }
    struct search_stats stats;
    search_index_stats(bench->index, &stats);
    printf(
        "changes in batches of 20, queries meanwhile: %.0f/s of the writer's own time, %zu segments, "
        "%zu merges, %.1f MiB\n",
        (double)batches * 20 * 1e6 / (double)busy, stats.segments, (size_t)stats.merges,
        (double)stats.bytes / 1048576);
    report("a batch", times, batches, 0);
    report("queries of all those kinds", asker->times, asker->count, asker->total);
    free(times);
    free(asker);
    free(made);
}

int main(int argc, char **argv) {
    struct bench bench = {.state = 88172645463325252, .today = 20780};
    uint64_t documents = 100000, seconds = 3;
    if ((argc > 1 && str_to_u64(str_of(argv[1]), 16000000, &documents) != STATUS_OK) ||
        (argc > 2 && str_to_u64(str_of(argv[2]), 3600, &seconds) != STATUS_OK))
        return 2;
    bench.documents = (uint32_t)documents;
    bench.now_us = (int64_t)bench.today * INT64_C(86400000000);
    struct search_options options = {.readers_max = 4};
    bench_prepare(&bench);
    bench_must(search_index_create(&options, &bench.index));
    bench_must(search_scratch_create(&bench.scratch));
    bench_must(search_reader_register(bench.index, &bench.reader));
    arena_init(&bench.arena, (size_t)1 << 30);
    fill(&bench);
    measure_queries(&bench);
    measure_lexicon(&bench);
    if (seconds > 0)
        measure_changes(&bench, (unsigned)seconds);
    search_reader_unregister(bench.reader);
    search_scratch_destroy(bench.scratch);
    search_index_destroy(bench.index);
    arena_deinit(&bench.arena);
    return 0;
}

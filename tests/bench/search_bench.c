/* The search index alone, on a corpus made here:
 *
 *   search_bench [vacancies] [seconds of changes]
 *
 * Words by a Zipf-Mandelbrot law (the commonest in about half of the vacancies), some 200 positions
 * and 150 different words a vacancy, cities and companies skewed. Prints the time of filling, the
 * memory, the percentiles of each kind of query, and of queries while changes come.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "segreteria/core/clock.h"
#include "segreteria/search/index.h"

#define VOCABULARY 200000u
#define RANKS (1u << 20)
#define TITLES 5000u
#define DESCRIPTION 140u
#define CITIES 8000u
#define COMPANIES 50000u
#define DRAFTS_MAX 256u
#define ROUNDS 300u

struct bench {
    uint64_t state;
    uint32_t *ranks; /* a random one follows the law */
    struct str *words;
    struct search_index *index;
    struct search_scratch *scratch;
    struct search_reader *reader;
    struct arena arena;
    uint32_t documents;
    int64_t now_us;
    int32_t today;
};

/* Of this thread alone: the machine may be busy with other work. */
static uint64_t processor_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t next(struct bench *bench) {
    bench->state ^= bench->state << 13;
    bench->state ^= bench->state >> 7;
    bench->state ^= bench->state << 17;
    return bench->state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint32_t below(struct bench *bench, uint32_t n) {
    return (uint32_t)((next(bench) >> 32) * n >> 32);
}

static uint32_t skewed(struct bench *bench, uint32_t n) {
    double u = (double)(next(bench) >> 11) / 9007199254740992.0;
    uint32_t rank = (uint32_t)(exp(u * log((double)n + 1)) - 1);
    return rank < n ? rank : n - 1;
}

static void *need(void *memory) {
    if (memory == NULL)
        abort();
    return memory;
}

static void must(enum status status) {
    if (status != STATUS_OK) {
        fprintf(stderr, "search_bench: %s\n", status_name(status));
        exit(1);
    }
}

/* A word of two to six syllables. */
static struct str spell_out(uint32_t rank) {
    static const char consonants[] = "bcdfglmnprstvz", vowels[] = "aeiou";
    uint64_t hash = (rank + 1) * UINT64_C(0x9e3779b97f4a7c15);
    unsigned syllables = 2 + (unsigned)((hash >> 60) % 4) + (rank > 20000);
    char *text = need(malloc(13));
    for (unsigned i = 0; i < syllables; i++) {
        text[2 * i] = consonants[hash % 14];
        text[2 * i + 1] = vowels[hash / 14 % 5];
        hash /= 70;
    }
    return str_from(text, 2 * (size_t)syllables);
}

static void prepare(struct bench *bench) {
    const double shift = 30;
    bench->ranks = need(malloc(RANKS * sizeof *bench->ranks));
    bench->words = need(malloc(VOCABULARY * sizeof *bench->words));
    for (uint32_t i = 0; i < RANKS; i++) {
        double rank = (shift + 1) * pow((VOCABULARY + shift) / (shift + 1), (i + 0.5) / RANKS);
        double at = rank - shift - 1;
        bench->ranks[i] = at < 0 ? 0 : at >= VOCABULARY ? VOCABULARY - 1 : (uint32_t)at;
    }
    for (uint32_t i = 0; i < VOCABULARY; i++)
        bench->words[i] = spell_out(i);
}

/* ---- vacancies ---- */

struct made {
    struct search_document document;
    struct search_term terms[DRAFTS_MAX];
    uint16_t positions[DRAFTS_MAX];
    struct search_language languages[3];
    struct str values[SEARCH_FIELDS][4];
    char texts[SEARCH_FIELDS][4][24];
};

static int compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void make_terms(struct bench *bench, struct made *made) {
    static const unsigned lengths[4] = {4, 8, 8, DESCRIPTION};
    uint64_t drafts[DRAFTS_MAX];
    unsigned count = 0, position = 0;
    uint32_t title = skewed(bench, TITLES);
    for (unsigned field = 0; field < 4; field++) {
        unsigned length = field < 3 ? lengths[field] : DESCRIPTION / 2 + below(bench, DESCRIPTION);
        for (unsigned i = 0; i < length && count < DRAFTS_MAX; i++) {
            uint32_t word = bench->ranks[next(bench) & (RANKS - 1)];
            if (field < 2) /* of titles and roles there are not so many */
                word = bench->ranks[(title * 7919u + field * 31 + i * 104729u) & (RANKS - 1)];
            if (field == 3 && i > 0 && (drafts[count - 1] >> 32) < 400 && below(bench, 4) == 0)
                word = (uint32_t)(drafts[count - 1] >> 32) + 1; /* set phrases */
            drafts[count++] = (uint64_t)word << 32 | (uint64_t)++position << 16 | (3 - field);
        }
        position += 8;
    }
    qsort(drafts, count, sizeof *drafts, compare_numbers);
    size_t terms = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t word = (uint32_t)(drafts[i] >> 32);
        made->positions[i] = SEARCH_POSITION_BITS(drafts[i] >> 16 & 0x3fff, drafts[i] & 3);
        if (terms == 0 || !str_eq(made->terms[terms - 1].lexeme, bench->words[word]))
            made->terms[terms++] = (struct search_term){.lexeme = bench->words[word],
                                                        .positions = &made->positions[i]};
        made->terms[terms - 1].count++;
    }
    /* Two ranks may be spelt alike: the second goes. */
    for (size_t i = 0; i < terms; i++)
        for (size_t j = i + 1; j < terms; j++)
            if (str_eq(made->terms[i].lexeme, made->terms[j].lexeme))
                made->terms[j--] = made->terms[--terms];
    made->document.terms = made->terms;
    made->document.terms_count = terms;
}

static void set(struct made *made, unsigned field, unsigned at, const char *prefix, uint32_t n) {
    int len = snprintf(made->texts[field][at], sizeof made->texts[field][at], "%s%u", prefix, n);
    made->values[field][at] = str_from(made->texts[field][at], (size_t)len);
    made->document.fields[field] = (struct search_values){made->values[field], at + 1};
}

static void make_fields(struct bench *bench, struct made *made) {
    static const struct str codes[] = {STR_INIT("en"), STR_INIT("it"), STR_INIT("fr"),
                                       STR_INIT("de"), STR_INIT("es")};
    struct search_document *document = &made->document;
    uint32_t city = skewed(bench, CITIES);
    set(made, SEARCH_ROLE, 0, "role_", skewed(bench, 14));
    set(made, SEARCH_EMPLOYMENT_TYPE, 0, "type_", skewed(bench, 6));
    set(made, SEARCH_CONTRACT, 0, "contract_", skewed(bench, 5));
    set(made, SEARCH_WORK_MODE, 0, "mode_", skewed(bench, 3));
    set(made, SEARCH_CONFIDENTIALITY, 0, "level_", skewed(bench, 3));
    set(made, SEARCH_COUNTRY, 0, "C", 0);
    set(made, SEARCH_REGION, 0, "region ", city % 20);
    set(made, SEARCH_CITY, 0, "city ", city);
    set(made, SEARCH_COMPANY, 0, "0190-company-", skewed(bench, COMPANIES));
    for (unsigned i = 0, first = skewed(bench, 13); i < 3; i++)
        set(made, SEARCH_SOFT_SKILL, i, "skill_", (first + i * 5) % 13);
    for (unsigned i = 0, first = skewed(bench, 14); i < 3; i++)
        set(made, SEARCH_DUTY, i, "duty_", (first + i * 5) % 14);
    set(made, SEARCH_TOOL, 0, "tool_", skewed(bench, 300));
    set(made, SEARCH_TOOL, 1, "tool_", 300 + skewed(bench, 300));
    for (unsigned i = 0; i < 2; i++)
        made->languages[i] = (struct search_language){codes[i == 0 ? 0 : 1 + skewed(bench, 4)],
                                                      (uint8_t)(2 + below(bench, 5)), i == 0};
    document->languages = made->languages;
    document->languages_count = 2;
    document->has_place = true;
    document->latitude = 36 + (city * 37 % 1009) * 0.0109;
    document->longitude = 7 + (city * 53 % 1013) * 0.0109;
}

static const struct search_document *make(struct bench *bench, struct made *made, uint32_t number) {
    struct search_document *document = &made->document;
    memset(document, 0, sizeof *document);
    uint64_t random = next(bench);
    for (unsigned i = 0; i < 4; i++)
        document->id.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    memcpy(document->id.bytes + 8, &random, 8);
    document->published_at_us = bench->now_us - INT64_C(15552000000000) +
                                (int64_t)number * (INT64_C(15552000000000) / bench->documents);
    document->valid_through = bench->today + (int32_t)below(bench, 90);
    document->dictionary = (uint8_t)(1 + (number % 5 == 0));
    document->office_days = (int8_t)below(bench, 6);
    if (below(bench, 10) > 2) {
        memcpy(document->salary_currency, "EUR", 4);
        document->salary_low = 20000 + below(bench, 300) * 100;
        document->salary_high = document->salary_low + below(bench, 100) * 100;
    }
    make_terms(bench, made);
    make_fields(bench, made);
    return document;
}

static void fill(struct bench *bench) {
    struct search_builder *builder;
    struct search_segment *segment;
    struct made *made = need(malloc(sizeof *made));
    uint64_t adding = 0, terms = 0;
    must(search_builder_create(bench->index, &builder));
    for (uint32_t i = 0; i < bench->documents; i++) {
        const struct search_document *document = make(bench, made, i);
        terms += document->terms_count;
        uint64_t start = processor_us();
        must(search_builder_add(builder, document));
        if (search_builder_full(builder) || i + 1 == bench->documents) {
            must(search_builder_finish(builder, &segment));
            must(search_index_adopt(bench->index, segment));
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

static int compare_times(const void *a, const void *b) { return compare_numbers(a, b); }

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
    uint32_t ranks[2] = {below(bench, 20), 20 + below(bench, 60)};
    uint32_t rare = 20000 + below(bench, 100000), middle = 30 + below(bench, 200);
    *asked = (struct asked){.query = {.limit = 20, .office_days_max = -1, .today = bench->today}};
    struct search_query *query = &asked->query;
    query->now_us = bench->now_us;
    int len = snprintf(asked->city_text, sizeof asked->city_text, "city %u", below(bench, 10));
    asked->city = str_from(asked->city_text, (size_t)len);
    uint32_t place = skewed(bench, CITIES);
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
    must(search_query_run(search_reader_enter(bench->reader), &asked->query, bench->scratch,
                          &bench->arena, &result));
    search_reader_leave(bench->reader);
    uint64_t spent = processor_us() - start;
    *total += result.total;
    arena_reset(&bench->arena);
    return spent;
}

static void measure_queries(struct bench *bench) {
    uint64_t times[ROUNDS];
    struct asked *asked = need(malloc(sizeof *asked));
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

static void measure_lexicon(struct bench *bench) {
    struct search_word *words = need(malloc(VOCABULARY * sizeof *words));
    uint32_t titles = bench->documents / 5 + 1;
    struct search_suggestion *suggestions = need(malloc(titles * sizeof *suggestions));
    for (uint32_t i = 0; i < VOCABULARY; i++)
        words[i] = (struct search_word){bench->words[i], VOCABULARY - i};
    for (uint32_t i = 0; i < titles; i++) {
        struct str text = arena_printf(
            &bench->arena, "%.*s %.*s %.*s", STR_FMT(bench->words[i % 5000]),
            STR_FMT(bench->words[(i * 7919u) % 40000]), STR_FMT(bench->words[(i * 31u) % 3000]));
        suggestions[i] = (struct search_suggestion){SEARCH_SUGGEST_TITLE, text, text, STR_NONE,
                                                    titles - i};
    }
    struct search_lexicon *lexicon;
    uint64_t start = processor_us();
    must(search_lexicon_create(words, VOCABULARY, suggestions, titles, &lexicon));
    printf("lexicon of %u words and %u titles: made in %.2f s, %.1f MiB\n", VOCABULARY, titles,
           (double)(processor_us() - start) / 1e6,
           (double)search_lexicon_bytes(lexicon) / 1048576);
    must(search_index_set_lexicon(bench->index, lexicon));
    arena_reset(&bench->arena);
    uint64_t times[ROUNDS], found = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct str word = bench->words[below(bench, VOCABULARY)], out;
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
            struct str word = str_from(bench->words[below(bench, 5000)].ptr, len);
            struct search_suggestion *out;
            size_t count;
            start = processor_us();
            must(search_suggest(lexicon, word, 15, 10, &bench->arena, &out, &count));
            times[i] = processor_us() - start;
            found += count;
            arena_reset(&bench->arena);
        }
        report("suggest", times, ROUNDS, found);
    }
    free(words);
    free(suggestions);
}

/* ---- changes while queries run ---- */

struct merger {
    pthread_t thread;
    struct search_merge *merge;
    atomic_bool done;
};

static void *merge_main(void *context) {
    struct merger *merger = context;
    must(search_merge_run(merger->merge));
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
    struct asked *asked = need(malloc(sizeof *asked));
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
    struct made *made = need(malloc(20 * sizeof *made));
    struct asker *asker = need(calloc(1, sizeof *asker));
    struct merger merger = {0};
    bool merging = false;
    uint64_t *times = need(malloc(1000000 * sizeof *times));
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
            (void)make(&own, &made[i],
                       i % 2 == 0 ? bench->documents : below(&own, bench->documents));
            changes[i] = (struct search_change){document->id, document};
        }
        uint64_t from = processor_us();
        must(search_index_apply(bench->index, changes, 20));
        if (!merging && search_merge_plan(bench->index, &merger.merge) == STATUS_OK) {
            merging = true;
            atomic_store(&merger.done, false);
            pthread_create(&merger.thread, NULL, merge_main, &merger);
        } else if (merging && atomic_load(&merger.done)) {
            pthread_join(merger.thread, NULL);
            must(search_merge_install(bench->index, merger.merge));
            merging = false;
        }
        times[batches] = processor_us() - from;
        busy += times[batches++];
    }
    atomic_store(&asker->stop, true);
    pthread_join(thread, NULL);
    if (merging) {
        pthread_join(merger.thread, NULL);
        must(search_merge_install(bench->index, merger.merge));
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
    prepare(&bench);
    must(search_index_create(&options, &bench.index));
    must(search_scratch_create(&bench.scratch));
    must(search_reader_register(bench.index, &bench.reader));
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

/* Vacancies for measurements: see search_corpus.h. */
#include "search_corpus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t bench_next(struct bench *bench) {
    bench->state ^= bench->state << 13;
    bench->state ^= bench->state >> 7;
    bench->state ^= bench->state << 17;
    return bench->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t bench_below(struct bench *bench, uint32_t n) {
    return (uint32_t)((bench_next(bench) >> 32) * n >> 32);
}

uint32_t bench_skewed(struct bench *bench, uint32_t n) {
    double u = (double)(bench_next(bench) >> 11) / 9007199254740992.0;
    uint32_t rank = (uint32_t)(exp(u * log((double)n + 1)) - 1);
    return rank < n ? rank : n - 1;
}

void *bench_need(void *memory) {
    if (memory == NULL)
        abort();
    return memory;
}

void bench_must(enum status status) {
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
    char *text = bench_need(malloc(13));
    for (unsigned i = 0; i < syllables; i++) {
        text[2 * i] = consonants[hash % 14];
        text[2 * i + 1] = vowels[hash / 14 % 5];
        hash /= 70;
    }
    return str_from(text, 2 * (size_t)syllables);
}

void bench_prepare(struct bench *bench) {
    const double shift = 30;
    bench->ranks = bench_need(malloc(RANKS * sizeof *bench->ranks));
    bench->words = bench_need(malloc(VOCABULARY * sizeof *bench->words));
    for (uint32_t i = 0; i < RANKS; i++) {
        double rank = (shift + 1) * pow((VOCABULARY + shift) / (shift + 1), (i + 0.5) / RANKS);
        double at = rank - shift - 1;
        bench->ranks[i] = at < 0 ? 0 : at >= VOCABULARY ? VOCABULARY - 1 : (uint32_t)at;
    }
    for (uint32_t i = 0; i < VOCABULARY; i++)
        bench->words[i] = spell_out(i);
}

/* ---- vacancies ---- */

int bench_compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void make_terms(struct bench *bench, struct made *made) {
    static const unsigned lengths[4] = {4, 8, 8, DESCRIPTION};
    uint64_t drafts[DRAFTS_MAX];
    unsigned count = 0, position = 0;
    uint32_t title = bench_skewed(bench, TITLES);
    for (unsigned field = 0; field < 4; field++) {
        unsigned length = field < 3 ? lengths[field]
                                    : DESCRIPTION / 2 + bench_below(bench, DESCRIPTION);
        for (unsigned i = 0; i < length && count < DRAFTS_MAX; i++) {
            uint32_t word = bench->ranks[bench_next(bench) & (RANKS - 1)];
            if (field < 2) /* of titles and roles there are not so many */
                word = bench->ranks[(title * 7919u + field * 31 + i * 104729u) & (RANKS - 1)];
            if (field == 3 && i > 0 && (drafts[count - 1] >> 32) < 400 &&
                bench_below(bench, 4) == 0)
                word = (uint32_t)(drafts[count - 1] >> 32) + 1; /* set phrases */
            drafts[count++] = (uint64_t)word << 32 | (uint64_t)++position << 16 | (3 - field);
        }
        position += 8;
    }
    qsort(drafts, count, sizeof *drafts, bench_compare_numbers);
    size_t terms = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t word = (uint32_t)(drafts[i] >> 32);
        made->positions[i] = SEARCH_POSITION_BITS(drafts[i] >> 16 & 0x3fff, drafts[i] & 3);
        if (i == 0 || (uint32_t)(drafts[i - 1] >> 32) != word)
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
    uint32_t city = bench_skewed(bench, CITIES);
    set(made, SEARCH_ROLE, 0, "role_", bench_skewed(bench, 14));
    set(made, SEARCH_EMPLOYMENT_TYPE, 0, "type_", bench_skewed(bench, 6));
    set(made, SEARCH_CONTRACT, 0, "contract_", bench_skewed(bench, 5));
    set(made, SEARCH_WORK_MODE, 0, "mode_", bench_skewed(bench, 3));
    set(made, SEARCH_CONFIDENTIALITY, 0, "level_", bench_skewed(bench, 3));
    set(made, SEARCH_COUNTRY, 0, "C", 0);
    set(made, SEARCH_REGION, 0, "region ", city % 20);
    set(made, SEARCH_CITY, 0, "city ", city);
    set(made, SEARCH_COMPANY, 0, "0190-company-", bench_skewed(bench, COMPANIES));
    for (unsigned i = 0, first = bench_skewed(bench, 13); i < 3; i++)
        set(made, SEARCH_SOFT_SKILL, i, "skill_", (first + i * 5) % 13);
    for (unsigned i = 0, first = bench_skewed(bench, 14); i < 3; i++)
        set(made, SEARCH_DUTY, i, "duty_", (first + i * 5) % 14);
    set(made, SEARCH_TOOL, 0, "tool_", bench_skewed(bench, 300));
    set(made, SEARCH_TOOL, 1, "tool_", 300 + bench_skewed(bench, 300));
    for (unsigned i = 0; i < 2; i++)
        made->languages[i] = (struct search_language){
            codes[i == 0 ? 0 : 1 + bench_skewed(bench, 4)], (uint8_t)(2 + bench_below(bench, 5)),
            i == 0};
    document->languages = made->languages;
    document->languages_count = 2;
    document->has_place = true;
    document->latitude = 36 + (city * 37 % 1009) * 0.0109;
    document->longitude = 7 + (city * 53 % 1013) * 0.0109;
}

const struct search_document *bench_make(struct bench *bench, struct made *made, uint32_t number) {
    struct search_document *document = &made->document;
    memset(document, 0, sizeof *document);
    uint64_t random = bench_next(bench);
    for (unsigned i = 0; i < 4; i++)
        document->id.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    memcpy(document->id.bytes + 8, &random, 8);
    document->published_at_us = bench->now_us - INT64_C(15552000000000) +
                                (int64_t)number * (INT64_C(15552000000000) / bench->documents);
    document->valid_through = bench->today + (int32_t)bench_below(bench, 90);
    document->dictionary = (uint8_t)(1 + (number % 5 == 0));
    document->office_days = (int8_t)bench_below(bench, 6);
    if (bench_below(bench, 10) > 2) {
        memcpy(document->salary_currency, "EUR", 4);
        document->salary_low = 20000 + bench_below(bench, 300) * 100;
        document->salary_high = document->salary_low + bench_below(bench, 100) * 100;
    }
    make_terms(bench, made);
    make_fields(bench, made);
    return document;
}

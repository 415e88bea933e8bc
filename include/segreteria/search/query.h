/* A question to the search index and its answer. A query is answered on the caller's thread,
 * without locks, in bounded time and memory, from one version of the index (index.h): hits, total
 * and facets belong together. Deterministic: the same version, query and time give the same answer.
 */
#ifndef SEGRETERIA_SEARCH_QUERY_H
#define SEGRETERIA_SEARCH_QUERY_H

#include "segreteria/search/document.h"

/* ---- words ---- */

/* One lexeme of a word or phrase. distance: how many positions after the first of its sequence (0
 * for the first): a phrase 'a' <-> 'b' <2> 'c' is a 0, b 1, c 3. */
struct search_step {
    struct str lexeme;
    uint16_t distance;
    bool prefix; /* every lexeme that begins so; only in a sequence of one step */
};

/* A word (one step) or a phrase. */
struct search_sequence {
    const struct search_step *steps;
    size_t count;
};

/* Any of the sequences. */
struct search_clause {
    const struct search_sequence *any;
    size_t count;
};

/* What the words of a query ask of the vacancies of one dictionary: every clause of `all`, none of
 * `none`. No clause in `all` asks nothing: all vacancies of the dictionary match. */
struct search_text {
    uint8_t dictionary;
    const struct search_clause *all;
    size_t all_count;
    const struct search_clause *none;
    size_t none_count;
};

/* ---- filters ---- */

struct search_filter {
    const struct str *values;
    size_t count; /* 0: no filter */
    bool all;     /* every one of the values, else any (several-valued fields only) */
};

struct search_language_skill {
    struct str code;
    uint8_t level; /* 1 = A1 ... 6 = C2 */
};

enum search_languages_fit {
    /* Some language asked for, must or nice, is one of mine at a level not above mine. */
    SEARCH_LANGUAGES_ANY,
    /* Each must-have language is one of mine at a level not above mine; none asked for passes. */
    SEARCH_LANGUAGES_ALL
};

enum search_sort {
    SEARCH_BY_RECENT,    /* published_at, id, newest first */
    SEARCH_BY_RELEVANCE, /* tier (weights A to D: 1 to 4), then recent */
    SEARCH_BY_SALARY,    /* salary_high in one of salary.currencies, highest first; then the others;
                            then recent */
    SEARCH_BY_DISTANCE   /* metres, nearest first; without a place last; then recent */
};

/* Where a page ended: the last hit's key. The next page has what comes after it in the order,
 * whether or not that hit still exists. */
struct search_after {
    bool set;
    int64_t key; /* struct search_hit.key */
    int64_t published_at_us;
    struct uuid id;
};

/* ---- facets ---- */

enum search_facet_kind {
    /* 0 to SEARCH_FIELDS - 1: the values of that field */
    SEARCH_FACET_SALARY = SEARCH_FIELDS, /* salary_high over salary_edges, in salary.currencies */
    SEARCH_FACET_PUBLISHED,              /* within 1, 3, 7, 30 days before now_us */
    SEARCH_FACETS
};

struct search_facet_ask {
    int kind;     /* enum search_field or search_facet_kind */
    unsigned top; /* most values answered, at most SEARCH_FACET_TOP_MAX */
};

#define SEARCH_FACET_TOP_MAX 1000
#define SEARCH_SALARY_EDGES_MAX 64

/* ---- the question ---- */

struct search_query {
    bool has_text;                   /* false: `texts` is ignored, all vacancies match */
    const struct search_text *texts; /* vacancies of a dictionary not listed do not match */
    size_t texts_count;

    struct search_filter fields[SEARCH_FIELDS];
    const struct search_language_skill *languages;
    size_t languages_count; /* 0: no filter */
    enum search_languages_fit languages_fit;
    struct {
        /* Whose amounts are compared: for the filter, the sort and the facet. None: EUR alone. */
        const struct str *currencies;
        size_t currencies_count;
        bool set;         /* filter: salary_high >= min and salary_low <= max, in one of them */
        int64_t min, max; /* INT64_MIN, INT64_MAX: open */
        bool include_undisclosed; /* pay that is not told passes the filter */
    } salary;
    struct {
        bool set;
        double latitude, longitude; /* where distances are measured from */
        bool within;                /* only what is at most radius_m away */
        int64_t radius_m;
    } place;
    int8_t office_days_max; /* -1: no filter; unknown office days do not pass */
    bool has_published_since;
    int64_t published_since_us; /* published_at >= */

    int64_t now_us; /* for the published facet */
    int32_t today;  /* days since 1970-01-01 (UTC): what was valid through an earlier day is gone */

    enum search_sort sort;
    struct search_after after;
    unsigned limit; /* hits of the page, at most SEARCH_LIMIT_MAX; 0: counts alone */

    const struct search_facet_ask *facets;
    size_t facets_count; /* at most SEARCH_FACETS */
    const int64_t
        *salary_edges; /* ascending; n edges make n + 1 buckets: below the first, [0, 1) ... */
    size_t salary_edges_count;
};

#define SEARCH_LIMIT_MAX 1000
#define SEARCH_STEPS_MAX 512 /* lexemes of a query, all dictionaries together */
#define SEARCH_FILTER_VALUES_MAX 1000

/* ---- the answer ---- */

#define SEARCH_KEY_NO_SALARY INT64_C(-1)
#define SEARCH_KEY_NO_PLACE INT64_C(2147483647)

/* Which state of a vacancy in which index it is: another one after each change of it that was
 * logged (and, now and then, without one). */
struct search_stamp {
    uint64_t segment;
    uint32_t doc;
};

struct search_hit {
    struct uuid id;
    struct search_stamp stamp;
    int64_t published_at_us;
    /* By relevance: the tier, 1 to 4. By salary: salary_high, or SEARCH_KEY_NO_SALARY. By distance:
     * metres, or SEARCH_KEY_NO_PLACE. By recent: 0. */
    int64_t key;
    int64_t distance_m; /* -1 when the query has no place or the vacancy none */
};

struct search_facet_value {
    struct str value; /* in the arena. Salary: empty (bucket i). Published: "1", "3", "7", "30" */
    uint64_t count;
};

struct search_facet {
    int kind;
    /* What passes the text and every filter but the facet's own. Fields: the most frequent first,
     * equal counts by value (bytes); none with count 0. Salary: the edges' buckets, by salary_high,
     * of what is paid in one of the currencies. Published: four values. */
    const struct search_facet_value *values;
    size_t values_count;
    uint64_t rest_values;    /* fields: how many more values there are than `values` */
    uint64_t rest_count;     /* fields: the sum of their counts */
    uint64_t missing;        /* vacancies without a value (salary: undisclosed) */
    uint64_t other_currency; /* salary: disclosed in another currency */
};

struct search_result {
    struct search_hit *hits;
    size_t hits_count;
    bool more;      /* there are hits after the last */
    uint64_t total; /* exact; the page does not matter */
    /* What the salary filter alone kept out: pay not told, pay in other currencies. */
    uint64_t not_compared_undisclosed, not_compared_currency;
    struct search_facet *facets; /* in the order asked */
    size_t facets_count;
};

/* The great circle between two places, in whole metres (haversine, a sphere of radius 6,371,008.8
 * m): what radius and distance mean. */
int64_t search_distance_m(double latitude1, double longitude1, double latitude2, double longitude2);

#endif

/* Vacancies like one (docs/search.md): the newest of its role and in its city, each given points
 * for what it shares. What it shares is looked up value by value: of each value's list only those
 * few vacancies are of interest.
 */
#include <stdlib.h>

#include "run.h"

enum shared {
    SHARED_ROLE = 1,
    SHARED_CITY = 2,
    SHARED_REGION = 4,
    SHARED_COUNTRY = 8,
    SHARED_WORK_MODE = 16,
    SHARED_EMPLOYMENT_TYPE = 32
};

struct likeness {
    uint8_t shared; /* enum shared */
    uint16_t title, tools, languages, soft_skills, duties;
};

/* The newest vacancies of one list, part by part, each part's newest first. */
struct newest {
    uint32_t *docs;
    size_t count, at;
};

/* A part and those of its vacancies that are compared. */
struct candidates {
    const struct part *part;
    uint64_t *open;
    uint64_t *chosen;
    uint32_t *docs; /* ascending */
    struct likeness *likeness;
    size_t count;
};

struct comparing {
    const struct search_like *like;
    struct search_scratch *scratch;
    struct candidates *parts;
    size_t parts_count;
};

/* ---- candidates ---- */

static enum status begin_part(struct comparing *comparing, const struct part *part, int32_t today) {
    const struct search_segment *segment = part->segment;
    struct candidates *candidates = &comparing->parts[comparing->parts_count++];
    *candidates = (struct candidates){.part = part};
    candidates->open = scratch_array(comparing->scratch, segment->words, sizeof(uint64_t));
    candidates->chosen = scratch_array(comparing->scratch, segment->words, sizeof(uint64_t));
    if (candidates->open == NULL || candidates->chosen == NULL)
        return STATUS_NO_MEMORY;
    memcpy(candidates->open, part->live->bits, segment->words * sizeof(uint64_t));
    memset(candidates->chosen, 0, segment->words * sizeof(uint64_t));
    segment_drop_expired(segment, today, candidates->open);
    return STATUS_OK;
}

static enum status list_newest(struct comparing *comparing, const struct candidates *candidates,
                               enum search_field field, struct str value, uint64_t *room,
                               struct newest *out) {
    const struct search_segment *segment = candidates->part->segment;
    const struct values *values = &segment->values[field];
    int64_t number = values_find(values, value), doc = segment->docs;
    *out = (struct newest){0};
    if (number < 0)
        return STATUS_OK;
    const uint64_t *bits = list_bits(segment, values->lists[number], room);
    if (bits != room)
        memcpy(room, bits, segment->words * sizeof *room);
    bits_and(room, candidates->open, segment->words);
    out->docs = scratch_array(comparing->scratch, SEARCH_LIKE_AMONG, sizeof *out->docs);
    if (out->docs == NULL)
        return STATUS_NO_MEMORY;
    while (out->count < SEARCH_LIKE_AMONG && (doc = bits_previous(room, doc)) >= 0)
        out->docs[out->count++] = (uint32_t)doc;
    return STATUS_OK;
}

/* Of the parts' lists the newest of all into `chosen`. */
static void choose(struct comparing *comparing, struct newest *lists) {
    for (unsigned left = SEARCH_LIKE_AMONG; left > 0; left--) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < comparing->parts_count; i++) {
            if (lists[i].at == lists[i].count)
                continue;
            const struct search_segment *own = comparing->parts[i].part->segment;
            uint32_t doc = lists[i].docs[lists[i].at];
            if (best == SIZE_MAX || segment_compare(comparing->parts[best].part->segment,
                                                    lists[best].docs[lists[best].at],
                                                    own->published[doc], &own->ids[doc]) < 0)
                best = i;
        }
        if (best == SIZE_MAX)
            return;
        bits_set(comparing->parts[best].chosen, lists[best].docs[lists[best].at++]);
    }
}

static enum status choose_by(struct comparing *comparing, enum search_field field,
                             struct str value) {
    if (str_is_none(value))
        return STATUS_OK;
    struct newest *lists = scratch_array(comparing->scratch, comparing->parts_count, sizeof *lists);
    size_t words = 0;
    for (size_t i = 0; i < comparing->parts_count; i++)
        if (comparing->parts[i].part->segment->words > words)
            words = comparing->parts[i].part->segment->words;
    uint64_t *room = scratch_array(comparing->scratch, words, sizeof *room);
    if (lists == NULL || room == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < comparing->parts_count; i++) {
        enum status status = list_newest(comparing, &comparing->parts[i], field, value, room,
                                         &lists[i]);
        if (status != STATUS_OK)
            return status;
    }
    choose(comparing, lists);
    return STATUS_OK;
}

static enum status list_chosen(struct comparing *comparing, struct candidates *candidates) {
    const struct search_segment *segment = candidates->part->segment;
    uint32_t count = bits_count(candidates->chosen, segment->words);
    candidates->docs = scratch_array(comparing->scratch, (size_t)count + 1, sizeof(uint32_t));
    candidates->likeness = scratch_array(comparing->scratch, (size_t)count + 1,
                                         sizeof(struct likeness));
    if (candidates->docs == NULL || candidates->likeness == NULL)
        return STATUS_NO_MEMORY;
    for (size_t word = 0; word < segment->words; word++)
        for (uint64_t w = candidates->chosen[word]; w != 0; w &= w - 1)
            candidates->docs[candidates->count++] = (uint32_t)(word * 64) +
                                                    (uint32_t)__builtin_ctzll(w);
    memset(candidates->likeness, 0, count * sizeof(struct likeness));
    return STATUS_OK;
}

/* ---- what they share ---- */

/* The likeness of each candidate in the list, one after the other: NULL at the end. */
struct in_list {
    struct candidates *candidates;
    struct list_reader reader;
    const uint64_t *row;
    size_t at;
};

static struct in_list begin_list(struct candidates *candidates, struct list list) {
    struct list_reader reader = list_read(candidates->part->segment, list);
    return (struct in_list){.candidates = candidates, .reader = reader, .row = reader.row};
}

static struct likeness *next_in_list(struct in_list *in) {
    struct candidates *candidates = in->candidates;
    for (; in->at < candidates->count; in->at++) {
        uint32_t doc = candidates->docs[in->at];
        if (in->row != NULL) {
            if (bits_get(in->row, doc))
                return &candidates->likeness[in->at++];
            continue;
        }
        while (in->reader.doc == UINT32_MAX || in->reader.doc < doc)
            if (!list_next(&in->reader))
                return NULL;
        if (in->reader.doc == doc)
            return &candidates->likeness[in->at++];
    }
    return NULL;
}

static void share(struct candidates *candidates, enum search_field field, struct str value,
                  enum shared what) {
    const struct values *values = &candidates->part->segment->values[field];
    int64_t number = str_is_none(value) ? -1 : values_find(values, value);
    if (number < 0)
        return;
    struct in_list in = begin_list(candidates, values->lists[number]);
    for (struct likeness *like; (like = next_in_list(&in)) != NULL;)
        like->shared |= (uint8_t)what;
}

/* Two without a country are in the same. */
static void share_country(struct candidates *candidates, struct str country) {
    if (!str_is_none(country)) {
        share(candidates, SEARCH_COUNTRY, country, SHARED_COUNTRY);
        return;
    }
    for (size_t i = 0; i < candidates->count; i++)
        candidates->likeness[i].shared |= SHARED_COUNTRY;
    const struct values *values = &candidates->part->segment->values[SEARCH_COUNTRY];
    struct in_list in = begin_list(candidates, values->some);
    for (struct likeness *like; (like = next_in_list(&in)) != NULL;)
        like->shared &= (uint8_t)~SHARED_COUNTRY;
}

/* How many of the values each has; the counter is that many bytes into the likeness. */
static void share_each(struct candidates *candidates, enum search_field field,
                       const struct str *wanted, size_t count, size_t counter) {
    const struct values *values = &candidates->part->segment->values[field];
    for (size_t i = 0; i < count; i++) {
        int64_t number = values_find(values, wanted[i]);
        if (number < 0)
            continue;
        struct in_list in = begin_list(candidates, values->lists[number]);
        for (struct likeness *like; (like = next_in_list(&in)) != NULL;) {
            uint16_t *n = (uint16_t *)(void *)((char *)like + counter);
            *n = (uint16_t)(*n + 1);
        }
    }
}

/* Lexemes of the title are those whose best weight is A. */
static void share_title(struct candidates *candidates, const struct search_like *like) {
    const struct search_segment *segment = candidates->part->segment;
    for (size_t i = 0; i < like->title_count; i++) {
        int64_t number = terms_find(segment, like->dictionary, like->title[i]);
        if (number < 0 || segment->terms[number].tiers == TERM_NO_TIERS)
            continue;
        struct in_list in = begin_list(candidates,
                                       segment->tiers[segment->terms[number].tiers].best[0]);
        for (struct likeness *found; (found = next_in_list(&in)) != NULL;)
            found->title = (uint16_t)(found->title + 1);
    }
}

static void compare(struct candidates *candidates, const struct search_like *like) {
    share(candidates, SEARCH_ROLE, like->role, SHARED_ROLE);
    share(candidates, SEARCH_CITY, like->city, SHARED_CITY);
    share(candidates, SEARCH_REGION, like->region, SHARED_REGION);
    share(candidates, SEARCH_WORK_MODE, like->work_mode, SHARED_WORK_MODE);
    share(candidates, SEARCH_EMPLOYMENT_TYPE, like->employment_type, SHARED_EMPLOYMENT_TYPE);
    share_country(candidates, like->country);
    share_title(candidates, like);
    share_each(candidates, SEARCH_TOOL, like->tools, like->tools_count,
               offsetof(struct likeness, tools));
    share_each(candidates, SEARCH_LANGUAGE, like->languages, like->languages_count,
               offsetof(struct likeness, languages));
    share_each(candidates, SEARCH_SOFT_SKILL, like->soft_skills, like->soft_skills_count,
               offsetof(struct likeness, soft_skills));
    share_each(candidates, SEARCH_DUTY, like->duties, like->duties_count,
               offsetof(struct likeness, duties));
}

static int at_most(int value, int most) { return value < most ? value : most; }

static int points_of(const struct likeness *like) {
    int points = at_most(3 * like->title, 9) + at_most(like->tools, 4) +
                 at_most(like->languages, 3) + at_most(like->soft_skills, 2) +
                 at_most(like->duties, 2);
    points += (like->shared & SHARED_ROLE) != 0 ? 8 : 0;
    points += (like->shared & SHARED_WORK_MODE) != 0;
    points += (like->shared & SHARED_EMPLOYMENT_TYPE) != 0;
    if ((like->shared & SHARED_COUNTRY) != 0)
        points += (like->shared & SHARED_CITY) != 0     ? 4
                  : (like->shared & SHARED_REGION) != 0 ? 2
                                                        : 0;
    return points;
}

/* ---- the answer ---- */

static int compare_hits(const void *a, const void *b) {
    const struct search_hit *x = a, *y = b;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    if (x->published_at_us != y->published_at_us)
        return x->published_at_us > y->published_at_us ? -1 : 1;
    return memcmp(y->id.bytes, x->id.bytes, sizeof x->id.bytes);
}

static enum status answer(const struct comparing *comparing, struct arena *arena, unsigned limit,
                          struct search_hit **hits, size_t *count) {
    struct search_hit *all = arena_array(arena, 2 * SEARCH_LIKE_AMONG + 1, sizeof *all);
    size_t found = 0;
    if (all == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < comparing->parts_count; i++) {
        const struct candidates *candidates = &comparing->parts[i];
        const struct search_segment *segment = candidates->part->segment;
        for (size_t k = 0; k < candidates->count; k++) {
            uint32_t doc = candidates->docs[k];
            int points = points_of(&candidates->likeness[k]);
            if (points < SEARCH_LIKE_POINTS_MIN ||
                memcmp(segment->ids[doc].bytes, comparing->like->id.bytes, sizeof(struct uuid)) ==
                    0)
                continue;
            all[found++] = (struct search_hit){.id = segment->ids[doc],
                                               .published_at_us = segment->published[doc],
                                               .key = points,
                                               .distance_m = -1};
        }
    }
    qsort(all, found, sizeof *all, compare_hits);
    *hits = all;
    *count = found < limit ? found : limit;
    return STATUS_OK;
}

enum status search_similar(const struct search_version *version, const struct search_like *like,
                           int32_t today, unsigned limit, struct search_scratch *scratch,
                           struct arena *arena, struct search_hit **hits, size_t *count) {
    struct comparing comparing = {.like = like, .scratch = scratch};
    if (limit == 0 || limit > SEARCH_LIMIT_MAX)
        return STATUS_INVALID;
    scratch_reset(scratch);
    comparing.parts = scratch_array(scratch, version->parts_count + 1, sizeof *comparing.parts);
    if (comparing.parts == NULL)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < version->parts_count && status == STATUS_OK; i++)
        status = begin_part(&comparing, &version->parts[i], today);
    if (status == STATUS_OK)
        status = choose_by(&comparing, SEARCH_ROLE, like->role);
    if (status == STATUS_OK)
        status = choose_by(&comparing, SEARCH_CITY, like->city);
    for (size_t i = 0; i < comparing.parts_count && status == STATUS_OK; i++) {
        status = list_chosen(&comparing, &comparing.parts[i]);
        if (status == STATUS_OK && comparing.parts[i].count > 0)
            compare(&comparing.parts[i], like);
    }
    return status == STATUS_OK ? answer(&comparing, arena, limit, hits, count) : status;
}

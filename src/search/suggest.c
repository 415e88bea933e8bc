/* The typeahead. Suggestions of a kind stand in the order in which they are shown; every word start
 * of every key is in one sorted array, so what is typed is a range of it, and the least numbers in
 * the range are the answer. Of several words typed the one with the smallest range is walked.
 */
#include <stdlib.h>

#include "lexicon.h"

static int compare_str(struct str a, struct str b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_offers(const void *a, const void *b) {
    const struct offer *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int order = compare_str(x->text, y->text);
    return order != 0 ? order : compare_str(x->key, y->key);
}

static struct str rest_of(const struct offers *offers, struct start start) {
    struct str key = offers->items[start.offer].key;
    return str_from(key.ptr + start.offset, key.len - start.offset);
}

static int compare_starts(const void *a, const void *b, void *context) {
    const struct start *x = a, *y = b;
    int order = compare_str(rest_of(context, *x), rest_of(context, *y));
    if (order != 0)
        return order;
    return x->offer != y->offer ? (x->offer < y->offer ? -1 : 1)
                                : (x->offset > y->offset) - (x->offset < y->offset);
}

static enum status copy(struct memory_store *store, struct str from, struct str *to) {
    *to = from;
    if (from.len == 0)
        return STATUS_OK;
    char *text = memory_store_alloc(store, from.len);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    memcpy(text, from.ptr, from.len);
    to->ptr = text;
    return STATUS_OK;
}

static enum status make_starts(struct offers *offers) {
    size_t count = 0;
    for (size_t i = 0; i < offers->count; i++)
        for (size_t at = 0; at < offers->items[i].key.len; at++)
            count += at == 0 || offers->items[i].key.ptr[at - 1] == ' ';
    offers->starts = memory_array(count, sizeof *offers->starts);
    if (offers->starts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < offers->count; i++)
        for (size_t at = 0; at < offers->items[i].key.len; at++)
            if (at == 0 || offers->items[i].key.ptr[at - 1] == ' ')
                offers->starts[offers->starts_count++] = (struct start){(uint32_t)i, (uint32_t)at};
    if (count > 1)
        qsort_r(offers->starts, count, sizeof *offers->starts, compare_starts, offers);
    return STATUS_OK;
}

enum status offers_make(struct search_lexicon *lexicon, const struct search_suggestion *suggestions,
                        size_t count) {
    size_t counts[SEARCH_SUGGEST_KINDS] = {0};
    for (size_t i = 0; i < count; i++) {
        if ((unsigned)suggestions[i].kind >= SEARCH_SUGGEST_KINDS)
            return STATUS_INVALID;
        counts[suggestions[i].kind]++;
    }
    for (unsigned kind = 0; kind < SEARCH_SUGGEST_KINDS; kind++) {
        lexicon->kinds[kind].items = memory_array(counts[kind], sizeof(struct offer));
        if (lexicon->kinds[kind].items == NULL)
            return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        struct offers *offers = &lexicon->kinds[suggestions[i].kind];
        struct offer *offer = &offers->items[offers->count++];
        offer->weight = suggestions[i].weight;
        if (copy(&lexicon->store, suggestions[i].text, &offer->text) != STATUS_OK ||
            copy(&lexicon->store, suggestions[i].key, &offer->key) != STATUS_OK ||
            copy(&lexicon->store, suggestions[i].code, &offer->code) != STATUS_OK)
            return STATUS_NO_MEMORY;
    }
    for (unsigned kind = 0; kind < SEARCH_SUGGEST_KINDS; kind++) {
        struct offers *offers = &lexicon->kinds[kind];
        if (offers->count > 1)
            qsort(offers->items, offers->count, sizeof *offers->items, compare_offers);
        if (make_starts(offers) != STATUS_OK)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* ---- asking ---- */

struct typed {
    struct str all;
    struct str words[TYPED_WORDS_MAX];
    unsigned count;
};

struct range {
    size_t from, to;
};

static size_t lower(const struct offers *offers, struct str prefix, bool past) {
    size_t low = 0, high = offers->starts_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct str rest = rest_of(offers, offers->starts[middle]);
        if (past && rest.len > prefix.len)
            rest.len = prefix.len;
        int order = compare_str(rest, prefix);
        if (order < 0 || (past && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct range range_of(const struct offers *offers, struct str prefix) {
    return (struct range){lower(offers, prefix, false), lower(offers, prefix, true)};
}

static bool has_word(struct str key, struct str word, bool whole) {
    for (size_t at = 0; at + word.len <= key.len; at++) {
        if (at > 0 && key.ptr[at - 1] != ' ')
            continue;
        if (memcmp(key.ptr + at, word.ptr, word.len) == 0 &&
            (!whole || at + word.len == key.len || key.ptr[at + word.len] == ' '))
            return true;
    }
    return false;
}

static bool fits(const struct offer *offer, const struct typed *typed) {
    for (unsigned i = 0; i < typed->count; i++)
        if (!has_word(offer->key, typed->words[i], i + 1 < typed->count))
            return false;
    return true;
}

struct least {
    uint32_t items[100]; /* ascending */
    size_t count, max;
};

static bool may_enter(const struct least *least, uint32_t offer) {
    return least->count < least->max || offer < least->items[least->count - 1];
}

static void enter(struct least *least, uint32_t offer) {
    size_t at = 0;
    while (at < least->count && least->items[at] < offer)
        at++;
    if (at < least->count && least->items[at] == offer)
        return;
    if (least->count == least->max)
        least->count--;
    memmove(least->items + at + 1, least->items + at, (least->count - at) * sizeof least->items[0]);
    least->items[at] = offer;
    least->count++;
}

/* Those that begin with all that was typed. */
static void begin_with(const struct offers *offers, const struct typed *typed,
                       struct least *least) {
    struct range range = range_of(offers, typed->all);
    for (size_t i = range.from; i < range.to; i++) {
        struct start start = offers->starts[i];
        if (start.offset == 0 && may_enter(least, start.offer))
            enter(least, start.offer);
    }
}

/* Those that have the words, but do not begin so. */
static void have_words(const struct offers *offers, const struct typed *typed,
                       struct least *least) {
    struct range smallest = {0, SIZE_MAX};
    for (unsigned i = 0; i < typed->count; i++) {
        struct range range = range_of(offers, typed->words[i]);
        if (range.to - range.from < smallest.to - smallest.from)
            smallest = range;
    }
    for (size_t i = smallest.from; i < smallest.to; i++) {
        uint32_t number = offers->starts[i].offer;
        const struct offer *offer = &offers->items[number];
        if (may_enter(least, number) && !str_starts_with(offer->key, typed->all) &&
            fits(offer, typed))
            enter(least, number);
    }
}

static enum status answer(const struct offers *offers, enum search_suggestion_kind kind,
                          const struct least *least, struct arena *arena,
                          struct search_suggestion *out, size_t *count) {
    for (size_t i = 0; i < least->count; i++) {
        const struct offer *offer = &offers->items[least->items[i]];
        struct search_suggestion *made = &out[(*count)++];
        *made = (struct search_suggestion){.kind = kind, .weight = offer->weight};
        made->text = str_from(arena_strdup(arena, offer->text), offer->text.len);
        made->key = str_from(arena_strdup(arena, offer->key), offer->key.len);
        if (made->text.ptr == NULL || made->key.ptr == NULL)
            return STATUS_NO_MEMORY;
        if (!str_is_none(offer->code)) {
            made->code = str_from(arena_strdup(arena, offer->code), offer->code.len);
            if (made->code.ptr == NULL)
                return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

static enum status parse_typed(struct str text, struct typed *typed) {
    struct str rest = str_trim(text), word;
    *typed = (struct typed){.all = rest};
    while (!str_is_none(rest) && str_split(&rest, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (typed->count == TYPED_WORDS_MAX)
            return STATUS_TOO_LARGE;
        typed->words[typed->count++] = word;
    }
    return STATUS_OK;
}

enum status search_suggest(const struct search_lexicon *lexicon, struct str typed_text,
                           unsigned kinds, size_t limit, struct arena *arena,
                           struct search_suggestion **out, size_t *count) {
    struct typed typed;
    if (limit == 0 || limit > 100)
        return STATUS_INVALID;
    enum status status = parse_typed(typed_text, &typed);
    if (status != STATUS_OK)
        return status;
    struct search_suggestion *made = arena_array(arena, limit * SEARCH_SUGGEST_KINDS, sizeof *made);
    size_t made_count = 0;
    if (made == NULL)
        return STATUS_NO_MEMORY;
    for (unsigned kind = 0; kind < SEARCH_SUGGEST_KINDS && typed.count > 0; kind++) {
        if ((kinds >> kind & 1) == 0)
            continue;
        const struct offers *offers = &lexicon->kinds[kind];
        enum search_suggestion_kind name = (enum search_suggestion_kind)kind;
        struct least first = {.max = limit}, then = {.max = limit};
        begin_with(offers, &typed, &first);
        then.max = limit - first.count;
        if (then.max > 0)
            have_words(offers, &typed, &then);
        status = answer(offers, name, &first, arena, made, &made_count);
        if (status == STATUS_OK)
            status = answer(offers, name, &then, arena, made, &made_count);
        if (status != STATUS_OK)
            return status;
    }
    *out = made;
    *count = made_count;
    return STATUS_OK;
}

/* The typeahead: what has been typed is a range of each list's starts, and the least suggestions of
 * the range are the answer, taken one by one until there are enough of which some vacancy is open
 * now. Of several words typed the one with the smallest range is gone through.
 */
#include <stdlib.h>

#include "lexicon.h"
#include "version.h"

struct typed {
    struct str all;
    struct str words[TYPED_WORDS_MAX];
    unsigned count;
};

struct asking {
    const struct search_version *version;
    const struct search_lexicon *lexicon;
    const struct search_suggest_ask *ask;
    struct typed typed;
    struct arena *arena;
    struct search_suggestion *out;
    size_t count;
};

/* ---- the suggestions of ranges, the least first ---- */

struct interval {
    const struct starts *starts;
    size_t from, to;
    uint32_t least;
};

struct walk {
    struct arena *arena;
    struct interval *heap; /* the least on top */
    size_t count, capacity;
    uint32_t last; /* the offer given last */
    enum status status;
};

static uint32_t offer_of(const struct interval *interval) {
    return interval->starts->items[interval->least].offer;
}

static void walk_add(struct walk *walk, const struct starts *starts, size_t from, size_t to) {
    if (from >= to || walk->status != STATUS_OK)
        return;
    if (walk->count == walk->capacity) {
        size_t capacity = walk->capacity == 0 ? 64 : walk->capacity * 2;
        struct interval *heap = arena_array(walk->arena, capacity, sizeof *heap);
        if (heap == NULL) {
            walk->status = STATUS_NO_MEMORY;
            return;
        }
        if (walk->count > 0)
            memcpy(heap, walk->heap, walk->count * sizeof *heap);
        walk->heap = heap;
        walk->capacity = capacity;
    }
    struct interval interval = {starts, from, to, starts_least(starts, from, to)};
    size_t at = walk->count++;
    for (; at > 0 && offer_of(&walk->heap[(at - 1) / 2]) > offer_of(&interval); at = (at - 1) / 2)
        walk->heap[at] = walk->heap[(at - 1) / 2];
    walk->heap[at] = interval;
}

static struct interval walk_pop(struct walk *walk) {
    struct interval top = walk->heap[0], moved = walk->heap[--walk->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < walk->count &&
            offer_of(&walk->heap[child + 1]) < offer_of(&walk->heap[child]))
            child++;
        if (child >= walk->count || offer_of(&walk->heap[child]) >= offer_of(&moved))
            break;
        walk->heap[at] = walk->heap[child];
        at = child;
    }
    walk->heap[at] = moved;
    return top;
}

/* The next offer; false at the end. Each once: the starts of one follow each other. */
static bool walk_next(struct walk *walk, uint32_t *offer) {
    while (walk->count > 0 && walk->status == STATUS_OK) {
        struct interval top = walk_pop(walk);
        uint32_t found = offer_of(&top);
        walk_add(walk, top.starts, top.from, top.least);
        walk_add(walk, top.starts, (size_t)top.least + 1, top.to);
        if (found == walk->last)
            continue;
        *offer = walk->last = found;
        return walk->status == STATUS_OK;
    }
    return false;
}

static struct walk walk_begin(struct arena *arena) {
    return (struct walk){.arena = arena, .last = START_NONE};
}

/* ---- what fits ---- */

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

static bool key_fits(struct str key, const struct typed *typed) {
    for (unsigned i = 0; i < typed->count; i++)
        if (!has_word(key, typed->words[i], i + 1 < typed->count))
            return false;
    return true;
}

static bool fits(const struct offers *offers, uint32_t offer, const struct typed *typed) {
    for (uint32_t i = offers->items[offer].keys_from; i < offers->items[offer].keys_to; i++)
        if (key_fits(offers->keys[i].text, typed))
            return true;
    return false;
}

static bool begins(const struct offers *offers, uint32_t offer, struct str typed) {
    for (uint32_t i = offers->items[offer].keys_from; i < offers->items[offer].keys_to; i++)
        if (str_starts_with(offers->keys[i].text, typed))
            return true;
    return false;
}

/* ---- what is there ---- */

static bool title_is_there(const struct asking *asking, uint32_t title) {
    const struct search_lexicon *lexicon = asking->lexicon;
    for (uint32_t i = lexicon->titled_from[title]; i < lexicon->titled_from[title + 1]; i++)
        if (version_has_document(asking->version, &lexicon->titled[i], asking->ask->today))
            return true;
    return false;
}

/* Of what begins with the word, those come first that have nothing or a space after it. */
static bool word_is_there(const struct asking *asking, struct str word) {
    const struct offers *titles = &asking->lexicon->lists[LIST_TITLES];
    const struct starts *both[] = {&titles->heads, &titles->inner};
    for (unsigned i = 0; i < 2; i++) {
        struct range range = starts_range(titles, both[i], word);
        for (size_t at = range.from; at < range.to; at++) {
            struct start start = both[i]->items[at];
            struct str key = titles->keys[start.key].text;
            size_t end = start.offset + word.len;
            if (end < key.len && key.ptr[end] != ' ')
                break;
            if (title_is_there(asking, start.offer))
                return true;
        }
    }
    return false;
}

static bool is_there(const struct asking *asking, enum search_suggestion_kind kind,
                     const struct offers *offers, uint32_t offer) {
    static const enum search_field fields[] = {[SEARCH_SUGGEST_ROLE] = SEARCH_ROLE,
                                               [SEARCH_SUGGEST_TOOL] = SEARCH_TOOL,
                                               [SEARCH_SUGGEST_PLACE] = SEARCH_CITY};
    switch (kind) {
    case SEARCH_SUGGEST_TITLE: return title_is_there(asking, offer);
    case SEARCH_SUGGEST_WORD: return word_is_there(asking, offers->items[offer].text);
    case SEARCH_SUGGEST_ROLE:
    case SEARCH_SUGGEST_TOOL:
    case SEARCH_SUGGEST_PLACE:
        return version_has_value(asking->version, fields[kind], offers->items[offer].code,
                                 asking->ask->today);
    case SEARCH_SUGGEST_KINDS: break;
    }
    return false;
}

/* ---- the answer ---- */

static bool keep(struct arena *arena, struct str text, struct str *out) {
    *out = STR_NONE;
    if (str_is_none(text))
        return true;
    const char *kept = arena_strdup(arena, text);
    *out = str_from(kept, text.len);
    return kept != NULL;
}

static enum status answer(struct asking *asking, enum search_suggestion_kind kind,
                          const struct offer *offer) {
    struct search_suggestion *made = &asking->out[asking->count++];
    *made = (struct search_suggestion){.kind = kind, .weight = offer->weight};
    return keep(asking->arena, offer->text, &made->text) &&
                   keep(asking->arena, offer->code, &made->code) &&
                   keep(asking->arena, offer->near, &made->near)
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

/* From the walk into the answer until `end`; left: those that begin with what was typed have had
 * their turn, and what comes is checked. */
static enum status take(struct asking *asking, enum search_suggestion_kind kind,
                        const struct offers *offers, struct walk *walk, bool left, size_t end) {
    uint32_t offer;
    while (asking->count < end && walk_next(walk, &offer)) {
        if (left &&
            (begins(offers, offer, asking->typed.all) || !fits(offers, offer, &asking->typed)))
            continue;
        if (!is_there(asking, kind, offers, offer))
            continue;
        enum status status = answer(asking, kind, &offers->items[offer]);
        if (status != STATUS_OK)
            return status;
    }
    return walk->status;
}

/* The word of what was typed that the fewest starts begin with. */
static void add_smallest(const struct asking *asking, const struct offers *offers,
                         struct walk *walk) {
    struct range heads = {0, 0}, inner = {0, 0};
    size_t least = SIZE_MAX;
    for (unsigned i = 0; i < asking->typed.count; i++) {
        struct range a = starts_range(offers, &offers->heads, asking->typed.words[i]);
        struct range b = starts_range(offers, &offers->inner, asking->typed.words[i]);
        size_t size = a.to - a.from + b.to - b.from;
        if (size >= least)
            continue;
        least = size;
        heads = a;
        inner = b;
    }
    walk_add(walk, &offers->heads, heads.from, heads.to);
    walk_add(walk, &offers->inner, inner.from, inner.to);
}

static enum status suggest_list(struct asking *asking, enum search_suggestion_kind kind,
                                enum offer_list list) {
    const struct offers *offers = &asking->lexicon->lists[list];
    size_t end = asking->count + asking->ask->limit;
    struct walk first = walk_begin(asking->arena), then = walk_begin(asking->arena);
    struct range range = starts_range(offers, &offers->heads, asking->typed.all);
    walk_add(&first, &offers->heads, range.from, range.to);
    enum status status = take(asking, kind, offers, &first, false, end);
    if (status != STATUS_OK || asking->count == end || offers->inner.count == 0)
        return status;
    if (asking->typed.count == 1) {
        range = starts_range(offers, &offers->inner, asking->typed.all);
        walk_add(&then, &offers->inner, range.from, range.to);
    } else {
        add_smallest(asking, offers, &then);
    }
    return take(asking, kind, offers, &then, true, end);
}

/* ---- words that go with the words before ---- */

struct company {
    uint32_t *titles; /* those that have all that was typed */
    size_t titles_count;
    uint64_t *weights; /* of each word */
    uint32_t *words;   /* those with a weight */
    size_t words_count;
};

static bool title_has(const struct search_lexicon *lexicon, uint32_t title, uint32_t word) {
    for (uint32_t i = lexicon->words_from[title]; i < lexicon->words_from[title + 1]; i++)
        if (lexicon->words[i] == word)
            return true;
    return false;
}

static enum status gather(struct asking *asking, struct company *company) {
    const struct search_lexicon *lexicon = asking->lexicon;
    const struct offers *titles = &lexicon->lists[LIST_TITLES],
                        *words = &lexicon->lists[LIST_WORDS];
    struct str last = asking->typed.words[asking->typed.count - 1];
    struct walk walk = walk_begin(asking->arena);
    uint32_t title;
    company->titles = arena_array(asking->arena, titles->count + 1, sizeof *company->titles);
    company->words = arena_array(asking->arena, words->count + 1, sizeof *company->words);
    company->weights = arena_array(asking->arena, words->count + 1, sizeof *company->weights);
    if (company->titles == NULL || company->words == NULL || company->weights == NULL)
        return STATUS_NO_MEMORY;
    memset(company->weights, 0, words->count * sizeof *company->weights);
    add_smallest(asking, titles, &walk);
    while (walk_next(&walk, &title)) {
        if (!fits(titles, title, &asking->typed))
            continue;
        company->titles[company->titles_count++] = title;
        for (uint32_t i = lexicon->words_from[title]; i < lexicon->words_from[title + 1]; i++) {
            uint32_t word = lexicon->words[i];
            if (!str_starts_with(words->items[word].text, last))
                continue;
            if (company->weights[word] == 0)
                company->words[company->words_count++] = word;
            company->weights[word] += titles->items[title].weight;
        }
    }
    return walk.status;
}

/* The place among the words of the one to be shown next; SIZE_MAX: none is left. */
static size_t next_word(const struct asking *asking, const struct company *company) {
    const struct offers *words = &asking->lexicon->lists[LIST_WORDS];
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < company->words_count; i++) {
        uint32_t word = company->words[i], than = best == SIZE_MAX ? 0 : company->words[best];
        if (best == SIZE_MAX || company->weights[word] > company->weights[than] ||
            (company->weights[word] == company->weights[than] &&
             compare_str(words->items[word].text, words->items[than].text) < 0))
            best = i;
    }
    return best;
}

static bool together_are_there(const struct asking *asking, const struct company *company,
                               uint32_t word) {
    for (size_t i = 0; i < company->titles_count; i++)
        if (title_has(asking->lexicon, company->titles[i], word) &&
            title_is_there(asking, company->titles[i]))
            return true;
    return false;
}

static enum status suggest_together(struct asking *asking) {
    struct company company = {0};
    size_t end = asking->count + asking->ask->limit;
    enum status status = gather(asking, &company);
    struct str given = asking->typed.all;
    given.len -= asking->typed.words[asking->typed.count - 1].len;
    while (status == STATUS_OK && asking->count < end) {
        size_t at = next_word(asking, &company);
        if (at == SIZE_MAX)
            break;
        uint32_t word = company.words[at];
        company.words[at] = company.words[--company.words_count];
        if (!together_are_there(asking, &company, word))
            continue;
        struct str text = asking->lexicon->lists[LIST_WORDS].items[word].text;
        struct search_suggestion *made = &asking->out[asking->count++];
        *made = (struct search_suggestion){.kind = SEARCH_SUGGEST_WORD,
                                           .weight = company.weights[word]};
        made->text = arena_printf(asking->arena, "%.*s%.*s", STR_FMT(given), STR_FMT(text));
        status = str_is_none(made->text) ? STATUS_NO_MEMORY : STATUS_OK;
    }
    return status;
}

/* ---- all ---- */

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

static enum status suggest_all(struct asking *asking) {
    const struct {
        enum search_suggestion_kind kind;
        enum offer_list list;
    } lists[] = {{SEARCH_SUGGEST_ROLE,
                  asking->ask->lang == SEARCH_SUGGEST_IT ? LIST_ROLES_IT : LIST_ROLES_EN},
                 {SEARCH_SUGGEST_TOOL, LIST_TOOLS},
                 {SEARCH_SUGGEST_PLACE, LIST_PLACES},
                 {SEARCH_SUGGEST_TITLE, LIST_TITLES}};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && status == STATUS_OK; i++)
        status = suggest_list(asking, lists[i].kind, lists[i].list);
    if (status != STATUS_OK)
        return status;
    return asking->typed.count == 1 ? suggest_list(asking, SEARCH_SUGGEST_WORD, LIST_WORDS)
                                    : suggest_together(asking);
}

enum status search_suggest(const struct search_version *version,
                           const struct search_suggest_ask *ask, struct arena *arena,
                           struct search_suggestion **out, size_t *count) {
    struct asking asking = {
        .version = version, .lexicon = search_version_lexicon(version), .ask = ask, .arena = arena};
    if (ask->limit == 0 || ask->limit > 100)
        return STATUS_INVALID;
    enum status status = parse_typed(ask->typed, &asking.typed);
    if (status != STATUS_OK)
        return status;
    asking.out = arena_array(arena, (size_t)ask->limit * SEARCH_SUGGEST_KINDS, sizeof *asking.out);
    if (asking.out == NULL)
        return STATUS_NO_MEMORY;
    if (asking.lexicon != NULL && asking.typed.count > 0)
        status = suggest_all(&asking);
    *out = asking.out;
    *count = asking.count;
    return status;
}

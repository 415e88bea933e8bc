/* The typeahead's lists: made from what the lexicon is given. Suggestions of a kind stand in the
 * order in which they are shown; every word start of every name is in a sorted array, so what is
 * typed is a range of it, and a tree over the array tells the least suggestion of a range.
 */
#include <stdlib.h>

#include "lexicon.h"

int compare_str(struct str a, struct str b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
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

/* ---- starts ---- */

static struct str rest_of(const struct offers *offers, struct start start) {
    struct str key = offers->keys[start.key].text;
    return str_from(key.ptr + start.offset, key.len - start.offset);
}

static int compare_starts(const void *a, const void *b, void *context) {
    const struct start *x = a, *y = b;
    int order = compare_str(rest_of(context, *x), rest_of(context, *y));
    if (order != 0)
        return order;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static uint32_t better(const struct starts *starts, uint32_t a, uint32_t b) {
    if (a == START_NONE || b == START_NONE)
        return a == START_NONE ? b : a;
    return starts->items[b].offer < starts->items[a].offer ? b : a;
}

static enum status make_tree(struct starts *starts) {
    uint32_t leaves = 1;
    while (leaves < starts->count)
        leaves *= 2;
    starts->leaves = leaves;
    starts->tree = memory_array((size_t)leaves * 2, sizeof *starts->tree);
    if (starts->tree == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < leaves; i++)
        starts->tree[leaves + i] = i < starts->count ? i : START_NONE;
    for (size_t i = leaves - 1; i > 0; i--)
        starts->tree[i] = better(starts, starts->tree[2 * i], starts->tree[2 * i + 1]);
    return STATUS_OK;
}

uint32_t starts_least(const struct starts *starts, size_t from, size_t to) {
    uint32_t least = START_NONE;
    for (from += starts->leaves, to += starts->leaves; from < to; from /= 2, to /= 2) {
        if ((from & 1) != 0)
            least = better(starts, least, starts->tree[from++]);
        if ((to & 1) != 0)
            least = better(starts, least, starts->tree[--to]);
    }
    return least;
}

static bool begins_word(struct str key, size_t at) { return key.ptr[at - 1] == ' '; }

static enum status make_starts(struct offers *offers, struct starts *starts, bool inner) {
    size_t count = 0;
    for (size_t i = 0; i < offers->keys_count; i++)
        for (size_t at = 1; inner && at < offers->keys[i].text.len; at++)
            count += begins_word(offers->keys[i].text, at);
    if (!inner)
        count = offers->keys_count;
    starts->items = memory_array(count, sizeof *starts->items);
    if (starts->items == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < offers->keys_count; i++) {
        const struct key *key = &offers->keys[i];
        if (!inner)
            starts->items[starts->count++] = (struct start){key->offer, (uint32_t)i, 0};
        for (size_t at = 1; inner && at < key->text.len; at++)
            if (begins_word(key->text, at))
                starts->items[starts->count++] = (struct start){key->offer, (uint32_t)i,
                                                                (uint32_t)at};
    }
    if (count > 1)
        qsort_r(starts->items, count, sizeof *starts->items, compare_starts, offers);
    return make_tree(starts);
}

/* The first start whose rest is not below the prefix; past: not below it and not beginning so. */
static size_t lower(const struct offers *offers, const struct starts *starts, struct str prefix,
                    bool past) {
    size_t low = 0, high = starts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct str rest = rest_of(offers, starts->items[middle]);
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

struct range starts_range(const struct offers *offers, const struct starts *starts,
                          struct str prefix) {
    return (struct range){lower(offers, starts, prefix, false),
                          lower(offers, starts, prefix, true)};
}

/* ---- a list ---- */

/* An offer on its way into a list. */
struct draft {
    struct str text, code, near;
    const struct str *keys;
    size_t keys_count;
    uint64_t weight;
    size_t number; /* the maker's own */
};

static int compare_drafts(const void *a, const void *b) {
    const struct draft *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int order = compare_str(x->text, y->text);
    return order != 0 ? order : compare_str(x->code, y->code);
}

static enum status fill_offers(struct offers *offers, const struct draft *drafts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct draft *draft = &drafts[i];
        struct offer *offer = &offers->items[i];
        *offer = (struct offer){.weight = draft->weight, .keys_from = (uint32_t)offers->keys_count};
        if (copy(&offers->store, draft->text, &offer->text) != STATUS_OK ||
            copy(&offers->store, draft->code, &offer->code) != STATUS_OK ||
            copy(&offers->store, draft->near, &offer->near) != STATUS_OK)
            return STATUS_NO_MEMORY;
        for (size_t k = 0; k < draft->keys_count; k++) {
            struct key *key = &offers->keys[offers->keys_count];
            if (draft->keys[k].len == 0)
                continue;
            if (copy(&offers->store, draft->keys[k], &key->text) != STATUS_OK)
                return STATUS_NO_MEMORY;
            key->offer = (uint32_t)i;
            offers->keys_count++;
        }
        offer->keys_to = (uint32_t)offers->keys_count;
        offers->count++;
    }
    return STATUS_OK;
}

/* Sorts the drafts. inner: names are found by each of their words. */
static enum status make_list(struct offers *offers, struct draft *drafts, size_t count,
                             bool inner) {
    size_t keys = 0;
    if (count > 1)
        qsort(drafts, count, sizeof *drafts, compare_drafts);
    if (count > SEARCH_OFFERS_MAX)
        count = SEARCH_OFFERS_MAX;
    for (size_t i = 0; i < count; i++)
        keys += drafts[i].keys_count;
    offers->items = memory_array(count, sizeof *offers->items);
    offers->keys = memory_array(keys, sizeof *offers->keys);
    if (offers->items == NULL || offers->keys == NULL)
        return STATUS_NO_MEMORY;
    enum status status = fill_offers(offers, drafts, count);
    if (status == STATUS_OK)
        status = make_starts(offers, &offers->heads, false);
    if (status == STATUS_OK && inner)
        status = make_starts(offers, &offers->inner, true);
    return status;
}

/* ---- roles, tools, places ---- */

static const struct {
    enum search_suggestion_kind kind;
    enum search_suggestion_lang lang;
    bool inner;
} named[] = {[LIST_ROLES_EN] = {SEARCH_SUGGEST_ROLE, SEARCH_SUGGEST_EN, true},
             [LIST_ROLES_IT] = {SEARCH_SUGGEST_ROLE, SEARCH_SUGGEST_IT, true},
             [LIST_TOOLS] = {SEARCH_SUGGEST_TOOL, SEARCH_SUGGEST_EN, true},
             [LIST_PLACES] = {SEARCH_SUGGEST_PLACE, SEARCH_SUGGEST_EN, false}};

static enum status make_named(struct search_lexicon *lexicon,
                              const struct search_lexicon_lists *lists, unsigned list) {
    struct draft *drafts = memory_array(lists->offers_count, sizeof *drafts);
    size_t count = 0;
    if (drafts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < lists->offers_count; i++) {
        const struct search_offer *offer = &lists->offers[i];
        if (offer->kind != named[list].kind || offer->weight == 0)
            continue;
        drafts[count++] = (struct draft){.text = offer->texts[named[list].lang],
                                         .code = offer->code,
                                         .near = offer->near,
                                         .keys = offer->keys,
                                         .keys_count = offer->keys_count,
                                         .weight = offer->weight};
    }
    enum status status = make_list(&lexicon->lists[list], drafts, count, named[list].inner);
    free(drafts);
    return status;
}

/* ---- titles ---- */

static enum status note_titled(struct search_lexicon *lexicon,
                               const struct search_lexicon_lists *lists, const struct draft *drafts,
                               size_t count) {
    size_t at = 0;
    lexicon->titled = memory_array(lists->titles_count, sizeof *lexicon->titled);
    lexicon->titled_from = memory_array(count + 1, sizeof *lexicon->titled_from);
    if (lexicon->titled == NULL || lexicon->titled_from == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        lexicon->titled_from[i] = (uint32_t)at;
        for (uint64_t k = 0; k < drafts[i].weight; k++) {
            const struct search_title *title = &lists->titles[drafts[i].number + k];
            lexicon->titled[at++] = (struct titled){title->id, title->published_at_us};
        }
    }
    lexicon->titled_from[count] = (uint32_t)at;
    return STATUS_OK;
}

/* Titles of one key stand together, the least text first. */
static enum status make_titles(struct search_lexicon *lexicon,
                               const struct search_lexicon_lists *lists) {
    struct draft *drafts = memory_array(lists->titles_count, sizeof *drafts);
    size_t count = 0;
    enum status status = drafts == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; i < lists->titles_count && status == STATUS_OK; i++) {
        const struct search_title *title = &lists->titles[i];
        int order = i == 0 ? 1 : compare_str(title->key, title[-1].key);
        if (order < 0 || lists->titles_count > SEARCH_OFFERS_MAX)
            status = STATUS_INVALID;
        else if (order == 0)
            drafts[count - 1].weight++;
        else
            drafts[count++] = (struct draft){.text = title->text,
                                             .keys = &title->key,
                                             .keys_count = 1,
                                             .weight = 1,
                                             .number = i};
    }
    if (status == STATUS_OK)
        status = make_list(&lexicon->lists[LIST_TITLES], drafts, count, true);
    if (status == STATUS_OK)
        status = note_titled(lexicon, lists, drafts, count);
    free(drafts);
    return status;
}

/* ---- their words ---- */

static unsigned letters(struct str word) {
    unsigned count = 0;
    for (size_t i = 0; i < word.len; i++)
        count += ((unsigned char)word.ptr[i] & 0xc0) != 0x80;
    return count;
}

static int compare_words(const void *a, const void *b) {
    const struct str *x = a, *y = b;
    return compare_str(*x, *y);
}

/* A word of a title: which, and whose. */
struct use {
    struct str word;
    uint32_t title;
};

static int compare_uses(const void *a, const void *b) {
    const struct use *x = a, *y = b;
    int order = compare_str(x->word, y->word);
    return order != 0 ? order : (x->title > y->title) - (x->title < y->title);
}

static bool is_suggested(struct str word, const struct str *stop_words, size_t count) {
    return letters(word) >= SUGGESTED_WORD_LETTERS &&
           (count == 0 ||
            bsearch(&word, stop_words, count, sizeof *stop_words, compare_words) == NULL);
}

/* Sorted by word, then title, without repeats. */
static enum status gather_uses(const struct offers *titles, const struct str *stop_words,
                               size_t stop_words_count, struct use **out, size_t *count) {
    size_t capacity = 0, found = 0;
    struct use *uses = NULL;
    for (uint32_t i = 0; i < titles->keys_count; i++) {
        struct str rest = titles->keys[i].text, word;
        while (!str_is_none(rest) && str_split(&rest, ' ', &word)) {
            if (!is_suggested(word, stop_words, stop_words_count))
                continue;
            if (memory_grow((void **)&uses, &capacity, found + 1, sizeof *uses) != STATUS_OK) {
                free(uses);
                return STATUS_NO_MEMORY;
            }
            uses[found++] = (struct use){word, titles->keys[i].offer};
        }
    }
    if (found > 1)
        qsort(uses, found, sizeof *uses, compare_uses);
    size_t kept = 0;
    for (size_t i = 0; i < found; i++)
        if (i == 0 || compare_uses(&uses[i], &uses[kept - 1]) != 0)
            uses[kept++] = uses[i];
    *out = uses;
    *count = kept;
    return STATUS_OK;
}

static enum status make_words_list(struct search_lexicon *lexicon, const struct use *uses,
                                   size_t count, struct draft *drafts) {
    size_t words = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !str_eq(uses[i].word, uses[i - 1].word))
            drafts[words++] = (struct draft){
                .text = uses[i].word, .keys = &uses[i].word, .keys_count = 1, .number = i};
        drafts[words - 1].weight += lexicon->lists[LIST_TITLES].items[uses[i].title].weight;
    }
    return make_list(&lexicon->lists[LIST_WORDS], drafts, words, false);
}

/* The words of each title, by the numbers that they have in their list. */
static enum status note_words(struct search_lexicon *lexicon, const struct use *uses, size_t count,
                              const struct draft *drafts) {
    size_t titles = lexicon->lists[LIST_TITLES].count, words = lexicon->lists[LIST_WORDS].count;
    lexicon->words = memory_array(count, sizeof *lexicon->words);
    lexicon->words_from = memory_zeroed(titles + 1, sizeof *lexicon->words_from);
    if (lexicon->words == NULL || lexicon->words_from == NULL)
        return STATUS_NO_MEMORY;
    uint32_t *ends = lexicon->words_from;
    for (size_t i = 0; i < words; i++)
        for (size_t k = drafts[i].number; k < count && str_eq(uses[k].word, drafts[i].text); k++)
            ends[uses[k].title]++;
    for (size_t i = 0, sum = 0; i <= titles; i++) {
        sum += ends[i];
        ends[i] = (uint32_t)sum; /* where its last ends */
    }
    for (size_t i = 0; i < words; i++)
        for (size_t k = drafts[i].number; k < count && str_eq(uses[k].word, drafts[i].text); k++)
            lexicon->words[--ends[uses[k].title]] = (uint32_t)i;
    return STATUS_OK;
}

static enum status make_words(struct search_lexicon *lexicon,
                              const struct search_lexicon_lists *lists) {
    struct use *uses = NULL;
    size_t count = 0;
    struct str *stop_words = memory_array(lists->stop_words_count, sizeof *stop_words);
    if (stop_words == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < lists->stop_words_count; i++)
        stop_words[i] = lists->stop_words[i];
    qsort(stop_words, lists->stop_words_count, sizeof *stop_words, compare_words);
    enum status status = gather_uses(&lexicon->lists[LIST_TITLES], stop_words,
                                     lists->stop_words_count, &uses, &count);
    free(stop_words);
    struct draft *drafts = memory_array(count, sizeof *drafts);
    if (status == STATUS_OK && drafts == NULL)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = make_words_list(lexicon, uses, count, drafts);
    if (status == STATUS_OK)
        status = note_words(lexicon, uses, count, drafts);
    free(drafts);
    free(uses);
    return status;
}

/* ---- all ---- */

static size_t list_bytes(const struct offers *offers) {
    return offers->store.bytes + offers->count * sizeof *offers->items +
           offers->keys_count * sizeof *offers->keys +
           (offers->heads.count + offers->inner.count) * sizeof(struct start) +
           ((size_t)offers->heads.leaves + offers->inner.leaves) * 2 * sizeof(uint32_t);
}

enum status suggestions_make(struct search_lexicon *lexicon,
                             const struct search_lexicon_lists *lists) {
    for (size_t i = 0; i < lists->offers_count; i++)
        if (lists->offers[i].kind > SEARCH_SUGGEST_PLACE)
            return STATUS_INVALID;
    enum status status = STATUS_OK;
    for (unsigned list = 0; list <= LIST_PLACES && status == STATUS_OK; list++)
        status = make_named(lexicon, lists, list);
    if (status == STATUS_OK)
        status = make_titles(lexicon, lists);
    if (status == STATUS_OK)
        status = make_words(lexicon, lists);
    if (status != STATUS_OK)
        return status;
    for (unsigned list = 0; list < LISTS; list++)
        lexicon->bytes += list_bytes(&lexicon->lists[list]);
    size_t titles = lexicon->lists[LIST_TITLES].count;
    lexicon->bytes += lexicon->titled_from[titles] * sizeof *lexicon->titled +
                      lexicon->words_from[titles] * sizeof *lexicon->words +
                      2 * (titles + 1) * sizeof(uint32_t);
    return STATUS_OK;
}

void suggestions_free(struct search_lexicon *lexicon) {
    for (unsigned list = 0; list < LISTS; list++) {
        struct offers *offers = &lexicon->lists[list];
        free(offers->items);
        free(offers->keys);
        free(offers->heads.items);
        free(offers->heads.tree);
        free(offers->inner.items);
        free(offers->inner.tree);
        memory_store_deinit(&offers->store);
    }
    free(lexicon->titled);
    free(lexicon->titled_from);
    free(lexicon->words);
    free(lexicon->words_from);
}

/* Completions against a plain scan; memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper_filled.h"
#include "helper_memory.h"

#define TITLED 700u
#define LIMIT 6u

struct fixture {
    struct filled filled;
    struct search_title titles[TITLED]; /* of the first documents */
    struct search_offer *offers;
    size_t offers_count;
};

static const struct str stop_words[] = {STR_INIT("per"), STR_INIT("con")};

static int compare_str(struct str a, struct str b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_titles(const void *a, const void *b) {
    const struct search_title *x = a, *y = b;
    int order = compare_str(x->key, y->key);
    return order != 0 ? order : compare_str(x->text, y->text);
}

static void make_titles(struct fixture *fixture) {
    static const char *const words[] = {"segretaria", "di",     "direzione",  "assistente",
                                        "per",        "office", "manager",    "con",
                                        "diretta",    "as",     "segreteria", "assistant"};
    for (unsigned i = 0; i < TITLED; i++) {
        char key[80];
        size_t len = 0;
        unsigned count = 1 + corpus_below(&fixture->filled.corpus, 4);
        for (unsigned k = 0; k < count; k++)
            len += (size_t)snprintf(key + len, sizeof key - len, "%s%s", k > 0 ? " " : "",
                                    words[corpus_skewed(&fixture->filled.corpus, 12)]);
        const char *text = need(arena_strdup(&fixture->filled.arena, str_from(key, len)));
        fixture->titles[i] = (struct search_title){fixture->filled.documents[i]->id,
                                                   fixture->filled.documents[i]->published_at_us,
                                                   str_from(text, len), str_from(text, len)};
    }
    qsort(fixture->titles, TITLED, sizeof fixture->titles[0], compare_titles);
}

/* Every city and tool that there may be, with a second name. */
static void make_offers(struct fixture *fixture) {
    struct arena *arena = &fixture->filled.arena;
    fixture->offers = need(arena_array(arena, 250, sizeof *fixture->offers));
    for (unsigned i = 0; i < 250; i++) {
        bool city = i < 150;
        struct str *keys = need(arena_array(arena, 2, sizeof *keys));
        struct str code = city ? arena_printf(arena, "city%u", i)
                               : arena_printf(arena, "tool%u", i - 150);
        keys[0] = code;
        keys[1] = arena_printf(arena, "xcity di city%u", i * 7 % 250);
        fixture->offers[i] = (struct search_offer){
            .kind = city ? SEARCH_SUGGEST_PLACE : SEARCH_SUGGEST_TOOL,
            .code = code,
            .texts = {arena_printf(arena, "T%u", i * 31 % 17), code},
            .near = city ? STR("near") : STR_NONE,
            .keys = keys,
            .keys_count = 2};
    }
    fixture->offers_count = 250;
}

static int setup(void **state) {
    struct fixture *fixture = need(calloc(1, sizeof *fixture));
    *state = fixture;
    if (!filled_init(&fixture->filled))
        return -1;
    make_titles(fixture);
    make_offers(fixture);
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    atomic_store(&allocations_left, -1);
    filled_deinit(&fixture->filled);
    free(fixture);
    return 0;
}

/* ---- the lexicon ---- */

static enum status make_lexicon(struct fixture *fixture, struct search_lexicon **out) {
    const struct search_lexicon_lists lists = {.offers = fixture->offers,
                                               .offers_count = fixture->offers_count,
                                               .titles = fixture->titles,
                                               .titles_count = TITLED,
                                               .stop_words = stop_words,
                                               .stop_words_count = 2};
    enum status status = search_version_weigh(search_reader_enter(fixture->filled.reader),
                                              fixture->filled.corpus.today, fixture->offers,
                                              fixture->offers_count);
    search_reader_leave(fixture->filled.reader);
    return status == STATUS_OK ? search_lexicon_create(&lists, out) : status;
}

static void give_lexicon(struct fixture *fixture) {
    struct search_lexicon *lexicon;
    assert_int_equal(make_lexicon(fixture, &lexicon), STATUS_OK);
    assert_true(search_lexicon_bytes(lexicon) > 1000);
    assert_int_equal(search_index_set_lexicon(fixture->filled.index, lexicon), STATUS_OK);
}

static bool has_value(const struct search_document *document, enum search_field field,
                      struct str value) {
    for (size_t i = 0; i < document->fields[field].count; i++)
        if (str_eq(document->fields[field].values[i], value))
            return true;
    return false;
}

static unsigned count_of(const struct fixture *fixture, enum search_field field, struct str value,
                         int32_t today) {
    unsigned count = 0;
    for (unsigned i = 0; i < FILLED; i++)
        count += filled_is_open(&fixture->filled, i, today) &&
                 has_value(fixture->filled.documents[i], field, value);
    return count;
}

/* ---- the plain way ---- */

static bool word_at(struct str text, struct str word, bool whole) {
    struct str rest = text, own;
    while (str_split(&rest, ' ', &own))
        if (whole ? str_eq(own, word) : str_starts_with(own, word))
            return true;
    return false;
}

static bool matches(struct str key, struct str typed) {
    struct str rest = typed, word;
    while (str_split(&rest, ' ', &word))
        if (!word_at(key, word, !str_is_none(rest)))
            return false;
    return true;
}

struct wanted {
    enum search_suggestion_kind kind;
    struct str text, code;
    uint64_t weight;
    bool starts, there;
};

static int compare_wanted(const void *a, const void *b) {
    const struct wanted *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->starts != y->starts)
        return x->starts ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    int order = compare_str(x->text, y->text);
    return order != 0 || str_is_none(x->code) ? order : compare_str(x->code, y->code);
}

static bool title_is_open(const struct fixture *fixture, const struct search_title *title,
                          int32_t today) {
    for (unsigned i = 0; i < TITLED; i++)
        if (memcmp(&fixture->filled.documents[i]->id, &title->id, sizeof title->id) == 0)
            return filled_is_open(&fixture->filled, i, today);
    return false;
}

/* One more vacancy for what has that text. */
static void more(struct wanted *all, size_t *count, enum search_suggestion_kind kind,
                 struct str text, bool starts, bool there) {
    size_t i = 0;
    while (i < *count && (all[i].kind != kind || !str_eq(all[i].text, text)))
        i++;
    if (i == *count)
        all[(*count)++] = (struct wanted){kind, text, STR_NONE, 0, starts, false};
    all[i].weight++;
    all[i].there = all[i].there || there;
}

static void want_words(struct fixture *fixture, const struct search_title *title, struct str typed,
                       bool there, struct wanted *all, size_t *count) {
    struct str rest = title->key, word, seen[8];
    size_t last = typed.len, words = 0;
    while (last > 0 && typed.ptr[last - 1] != ' ')
        last--;
    struct str begun = str_from(typed.ptr + last, typed.len - last);
    while (str_split(&rest, ' ', &word)) {
        bool again = false;
        for (size_t i = 0; i < words; i++)
            again = again || str_eq(seen[i], word);
        seen[words++] = word;
        if (again || word.len < 3 || str_eq(word, stop_words[0]) || str_eq(word, stop_words[1]) ||
            !str_starts_with(word, begun))
            continue;
        more(
            all, count, SEARCH_SUGGEST_WORD,
            arena_printf(&fixture->filled.answers, "%.*s%.*s", (int)last, typed.ptr, STR_FMT(word)),
            true, there);
    }
}

static size_t want_all(struct fixture *fixture, struct str typed, int32_t today,
                       struct wanted *all) {
    size_t count = 0;
    for (size_t i = 0; i < fixture->offers_count; i++) {
        const struct search_offer *offer = &fixture->offers[i];
        bool place = offer->kind == SEARCH_SUGGEST_PLACE, starts = false, fits = false;
        for (size_t k = 0; k < 2; k++) {
            starts = starts || str_starts_with(offer->keys[k], typed);
            fits = fits || matches(offer->keys[k], typed);
        }
        enum search_field field = place ? SEARCH_CITY : SEARCH_TOOL;
        if (offer->weight > 0 && (place ? starts : fits))
            all[count++] = (struct wanted){
                offer->kind, offer->texts[SEARCH_SUGGEST_EN],
                offer->code, offer->weight,
                starts,      count_of(fixture, field, offer->code, today) > 0};
    }
    for (unsigned i = 0; i < TITLED; i++) {
        const struct search_title *title = &fixture->titles[i];
        if (!matches(title->key, typed))
            continue;
        bool there = title_is_open(fixture, title, today);
        more(all, &count, SEARCH_SUGGEST_TITLE, title->text, str_starts_with(title->key, typed),
             there);
        want_words(fixture, title, typed, there, all, &count);
    }
    return count;
}

static void compare_suggestions(struct fixture *fixture, struct str typed, int32_t today) {
    struct wanted *all = need(arena_array(&fixture->filled.answers, 4000, sizeof *all));
    size_t count = want_all(fixture, typed, today, all), got, at = 0;
    struct search_suggestion *out;
    const struct search_suggest_ask ask = {typed, SEARCH_SUGGEST_EN, today, LIMIT};
    qsort(all, count, sizeof *all, compare_wanted);
    assert_int_equal(search_suggest(search_reader_enter(fixture->filled.reader), &ask,
                                    &fixture->filled.answers, &out, &got),
                     STATUS_OK);
    search_reader_leave(fixture->filled.reader);
    unsigned of_kind[SEARCH_SUGGEST_KINDS] = {0};
    for (size_t i = 0; i < count; i++) {
        if (!all[i].there || of_kind[all[i].kind] == LIMIT)
            continue;
        of_kind[all[i].kind]++;
        assert_true(at < got);
        assert_int_equal(out[at].kind, all[i].kind);
        assert_true(str_eq(out[at].text, all[i].text));
        assert_int_equal(out[at].weight, all[i].weight);
        assert_true(str_is_none(all[i].code) || str_eq(out[at].code, all[i].code));
        at++;
    }
    assert_int_equal(at, got);
    arena_reset(&fixture->filled.answers);
}

static void compare_all(struct fixture *fixture, int32_t today) {
    static const char *const typed[] = {"s",
                                        "seg",
                                        "di",
                                        "dir",
                                        "as",
                                        "a",
                                        "p",
                                        "per",
                                        "segretaria di",
                                        "segretaria d",
                                        "direzione segr",
                                        "office manager",
                                        "di di",
                                        "per d",
                                        "city1",
                                        "city",
                                        "xcity",
                                        "tool",
                                        "di city3",
                                        "xcity di city1",
                                        "tool9",
                                        "zz"};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
        compare_suggestions(fixture, str_of(typed[i]), today);
}

static void completions_are_those_of_a_plain_scan(void **state) {
    struct fixture *fixture = *state;
    int32_t today = fixture->filled.corpus.today;
    give_lexicon(fixture);
    for (size_t i = 0; i < fixture->offers_count; i++)
        assert_int_equal(
            fixture->offers[i].weight,
            count_of(fixture, i < 150 ? SEARCH_CITY : SEARCH_TOOL, fixture->offers[i].code, today));
    compare_all(fixture, today);
    /* Nothing is written for a vacancy to expire, and what goes is not suggested any more. */
    compare_all(fixture, today + 20);
    filled_remove(&fixture->filled, 2);
    compare_all(fixture, today);
    filled_remove(&fixture->filled, 2);
    compare_all(fixture, today + 40);
    compare_all(fixture, today + 100);
    filled_remove(&fixture->filled, 1);
    compare_all(fixture, today);
}

static void completions_have_limits(void **state) {
    struct fixture *fixture = *state;
    struct search_suggestion *out;
    size_t count = 1;
    const struct search_version *version = search_reader_enter(fixture->filled.reader);
    struct search_suggest_ask ask = {STR("a"), SEARCH_SUGGEST_IT, fixture->filled.corpus.today, 5};
    assert_int_equal(search_suggest(version, &ask, &fixture->filled.arena, &out, &count),
                     STATUS_OK);
    assert_int_equal(count, 0); /* no lexicon yet */
    search_reader_leave(fixture->filled.reader);
    give_lexicon(fixture);
    version = search_reader_enter(fixture->filled.reader);
    ask.typed = STR("   ");
    assert_int_equal(search_suggest(version, &ask, &fixture->filled.arena, &out, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
    ask.limit = 0;
    assert_int_equal(search_suggest(version, &ask, &fixture->filled.arena, &out, &count),
                     STATUS_INVALID);
    ask.limit = 101;
    assert_int_equal(search_suggest(version, &ask, &fixture->filled.arena, &out, &count),
                     STATUS_INVALID);
    ask.limit = 100;
    ask.typed = STR("a b c d e f g h i l m n o p q r s");
    assert_int_equal(search_suggest(version, &ask, &fixture->filled.arena, &out, &count),
                     STATUS_TOO_LARGE);
    search_reader_leave(fixture->filled.reader);
    struct search_offer offer = {.kind = SEARCH_SUGGEST_TITLE, .weight = 1};
    struct search_title titles[] = {{.key = STR("b"), .text = STR("b")},
                                    {.key = STR("a"), .text = STR("a")}};
    struct search_lexicon *lexicon;
    struct search_lexicon_lists lists = {.offers = &offer, .offers_count = 1};
    assert_int_equal(search_lexicon_create(&lists, &lexicon), STATUS_INVALID);
    lists = (struct search_lexicon_lists){.titles = titles, .titles_count = 2};
    assert_int_equal(search_lexicon_create(&lists, &lexicon), STATUS_INVALID);
}

static void a_lexicon_survives_a_lack_of_memory(void **state) {
    struct fixture *fixture = *state;
    struct search_lexicon *lexicon = NULL;
    enum status status = STATUS_NO_MEMORY;
    for (long allowed = 0; status == STATUS_NO_MEMORY && allowed < 2000; allowed++) {
        atomic_store(&allocations_left, allowed);
        status = make_lexicon(fixture, &lexicon);
        atomic_store(&allocations_left, -1);
    }
    assert_int_equal(status, STATUS_OK);
    search_lexicon_destroy(lexicon);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(completions_are_those_of_a_plain_scan, setup, teardown),
        cmocka_unit_test_setup_teardown(completions_have_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lexicon_survives_a_lack_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

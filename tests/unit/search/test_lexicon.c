/* Spelling against the plain algorithm, and the parser of tsvectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "helper_corpus.h"
#include "segreteria/search/index.h"

struct fixture {
    struct corpus corpus;
    struct arena arena;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL)
        return -1;
    fixture->corpus = corpus_small(5);
    arena_init(&fixture->arena, (size_t)1 << 26);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    arena_deinit(&fixture->arena);
    free(fixture);
    return 0;
}

/* ---- spelling and typeahead ---- */

static unsigned slow_distance(const char *a, size_t n, const char *b, size_t m) {
    unsigned cell[16][16];
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            unsigned best = i == 0 ? (unsigned)j : (unsigned)i;
            if (i > 0 && j > 0) {
                best = cell[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
                best = cell[i - 1][j] + 1 < best ? cell[i - 1][j] + 1 : best;
                best = cell[i][j - 1] + 1 < best ? cell[i][j - 1] + 1 : best;
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                    cell[i - 2][j - 2] + 1 < best)
                    best = cell[i - 2][j - 2] + 1;
            }
            cell[i][j] = best;
        }
    return cell[n][m];
}

static void the_nearest_spelling_is_found(void **state) {
    struct fixture *fixture = *state;
    struct corpus *corpus = &fixture->corpus;
    struct search_word words[2000];
    static char texts[2000][12];
    for (unsigned i = 0; i < 2000; i++) {
        size_t len = 2 + corpus_below(corpus, 9);
        for (size_t j = 0; j < len; j++)
            texts[i][j] = (char)('a' + corpus_below(corpus, 3));
        words[i] = (struct search_word){str_from(texts[i], len), corpus_below(corpus, 4)};
    }
    struct search_lexicon *lexicon;
    const struct search_lexicon_lists lists = {.words = words, .words_count = 2000};
    assert_int_equal(search_lexicon_create(&lists, &lexicon), STATUS_OK);
    for (unsigned round = 0; round < 2000; round++) {
        char typed[12];
        size_t len = 1 + corpus_below(corpus, 11);
        for (size_t j = 0; j < len; j++)
            typed[j] = (char)('a' + corpus_below(corpus, 3));
        unsigned limit = len < 4 ? 0 : len < 8 ? 1 : 2, least = limit;
        uint64_t most = 0;
        bool known = false, any = false;
        for (unsigned i = 0; i < 2000; i++) {
            unsigned edits = slow_distance(typed, len, words[i].word.ptr, words[i].word.len);
            uint64_t count = 0;
            known = known || edits == 0;
            if (edits > least || words[i].word.ptr[0] != typed[0] || limit == 0)
                continue;
            for (unsigned j = 0; j < 2000; j++) /* repeats count together */
                count += str_eq(words[j].word, words[i].word) ? words[j].count : 0;
            most = !any || edits < least || count > most ? count : most;
            least = edits;
            any = true;
        }
        struct str found;
        enum status status = search_spell(lexicon, str_from(typed, len), &fixture->arena, &found);
        assert_int_equal(status, known ? STATUS_EXISTS : any ? STATUS_OK : STATUS_NOT_FOUND);
        if (status != STATUS_OK)
            continue;
        uint64_t count = 0;
        for (unsigned j = 0; j < 2000; j++)
            count += str_eq(words[j].word, found) ? words[j].count : 0;
        assert_int_equal(slow_distance(typed, len, found.ptr, found.len), least);
        assert_int_equal(count, most);
    }
    search_lexicon_destroy(lexicon);
}

static void spelling_of_letters_beyond_ascii(void **state) {
    struct fixture *fixture = *state;
    struct search_word words[] = {{STR("помощник"), 3}, {STR("a\xff\xfe"), 9}, {STR(""), 1}};
    struct search_lexicon *lexicon;
    struct str found;
    const struct search_lexicon_lists lists = {.words = words, .words_count = 3};
    assert_int_equal(search_lexicon_create(&lists, &lexicon), STATUS_OK);
    assert_int_equal(search_spell(lexicon, STR("помощинк"), &fixture->arena, &found), STATUS_OK);
    assert_true(str_eq(found, STR("помощник")));
    assert_int_equal(search_spell(lexicon, STR("\xff\xff\xff\xff"), &fixture->arena, &found),
                     STATUS_NOT_FOUND);
    search_lexicon_destroy(lexicon);
}

static void a_lexicon_belongs_to_a_version(void **state) {
    (void)state;
    struct search_word words[] = {{STR("segretaria"), 3}};
    const struct search_lexicon_lists lists = {.words = words, .words_count = 1};
    struct search_options options = {.readers_max = 1};
    struct search_lexicon *lexicon;
    struct search_index *index;
    struct search_reader *reader;
    assert_int_equal(search_lexicon_create(&lists, &lexicon), STATUS_OK);
    assert_int_equal(search_index_create(&options, &index), STATUS_OK);
    assert_int_equal(search_reader_register(index, &reader), STATUS_OK);
    assert_null(search_version_lexicon(search_reader_enter(reader)));
    assert_int_equal(search_index_set_lexicon(index, lexicon), STATUS_OK);
    assert_ptr_equal(search_version_lexicon(search_reader_enter(reader)), lexicon);
    search_reader_leave(reader);
    assert_int_equal(search_index_set_lexicon(index, NULL), STATUS_OK);
    search_index_destroy(index);
}

/* ---- tsvectors ---- */

static void tsvectors_are_read(void **state) {
    struct fixture *fixture = *state;
    const struct search_term *terms;
    size_t count;
    struct arena *arena = &fixture->arena;
    assert_int_equal(
        search_terms_parse(arena, STR("'a':1A,16383 'it''s':2B 'x\\\\y z':3C,4"), &terms, &count),
        STATUS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(terms[0].count, 2);
    assert_int_equal(terms[0].positions[0], SEARCH_POSITION_BITS(1, 3));
    assert_int_equal(terms[0].positions[1], SEARCH_POSITION_BITS(16383, 0));
    assert_true(str_eq(terms[1].lexeme, STR("it's")));
    assert_true(str_eq(terms[2].lexeme, STR("x\\y z")));
    assert_int_equal(terms[2].positions[0], SEARCH_POSITION_BITS(3, 1));
    assert_int_equal(search_terms_parse(arena, STR_NONE, &terms, &count), STATUS_OK);
    assert_int_equal(count, 0);
    static const char *const wrong[] = {"'a'",      "'a':",   "'a':0",      "'a':1 ",    "'a:1",
                                        "a:1",      "'':1",   "'a':1'b':2", "'a':99999", "'a':1,",
                                        "'a\\b':1", "'a':1D", "'a':x",      "'"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(search_terms_parse(arena, str_of(wrong[i]), &terms, &count),
                         STATUS_INVALID);
}

static void binary_tsvectors_are_read(void **state) {
    struct fixture *fixture = *state;
    static const char bytes[] = "\0\0\0\2a\0\0\2\xc0\1\x3f\xff"
                                "it's\0\0\1\x80\2";
    const struct search_term *terms;
    size_t count;
    struct arena *arena = &fixture->arena;
    struct str whole = str_from(bytes, sizeof bytes - 1);
    assert_int_equal(search_terms_receive(arena, whole, &terms, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(terms[0].count, 2);
    assert_int_equal(terms[0].positions[0], SEARCH_POSITION_BITS(1, 3));
    assert_int_equal(terms[0].positions[1], SEARCH_POSITION_BITS(16383, 0));
    assert_true(str_eq(terms[1].lexeme, STR("it's")));
    assert_int_equal(terms[1].positions[0], SEARCH_POSITION_BITS(2, 2));
    assert_int_equal(search_terms_receive(arena, str_from(bytes, 4), &terms, &count),
                     STATUS_INVALID);
    assert_int_equal(search_terms_receive(arena, str_from("\0\0\0\0", 4), &terms, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
    for (size_t len = 0; len < whole.len; len++) { /* cut off anywhere */
        char *copy = malloc(len + 1);
        memcpy(copy, bytes, len);
        assert_int_equal(search_terms_receive(arena, str_from(copy, len), &terms, &count),
                         STATUS_INVALID);
        free(copy);
    }
    static const struct {
        const char *bytes;
        size_t len;
    } wrong[] = {{"\0\0\0\1a\0\0\0", 8},         /* no position */
                 {"\0\0\0\1a\0\0\1\xc0\0", 10},  /* position 0 */
                 {"\0\0\0\1\0\0\1\xc0\1", 9},    /* no lexeme */
                 {"\0\0\0\1a\0\0\1\xc0\1x", 11}, /* more than it says */
                 {"\xff\xff\xff\xff"
                  "a\0\0\1\0\1",
                  10}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(
            search_terms_receive(arena, str_from(wrong[i].bytes, wrong[i].len), &terms, &count),
            STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_nearest_spelling_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(spelling_of_letters_beyond_ascii, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lexicon_belongs_to_a_version, setup, teardown),
        cmocka_unit_test_setup_teardown(tsvectors_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(binary_tsvectors_are_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

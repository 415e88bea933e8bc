/* Nothing was found: which words of the query has no vacancy, and what is spelt like them? */
#include "../internal.h"
#include "search.h"

static uint64_t count_of(struct search *search, const struct search_version *version,
                         const struct search_text *text) {
    const struct search_query query = {.has_text = true,
                                       .texts = text,
                                       .texts_count = 1,
                                       .now_us = search->query.now_us,
                                       .today = search->query.today,
                                       .office_days_max = -1};
    struct search_result result;
    return search_query_run(version, &query, search->call->worker->search.scratch,
                            search->call->arena, &result) == STATUS_OK
               ? result.total
               : 1; /* what cannot be told is not corrected */
}

static bool has_lexeme(struct search *search, const struct search_version *version, int dictionary,
                       struct str lexeme, bool prefix) {
    const struct search_step step = {.lexeme = lexeme, .prefix = prefix};
    const struct search_sequence sequence = {&step, 1};
    const struct search_clause clause = {&sequence, 1};
    const struct search_text text = {
        .dictionary = (uint8_t)dictionary, .all = &clause, .all_count = 1};
    return count_of(search, version, &text) > 0;
}

static struct str text_of(const json_t *value) {
    return json_is_string(value) ? str_from(json_string_value(value), json_string_length(value))
                                 : STR_NONE;
}

/* Some vacancy has it, as one of the dictionaries makes a lexeme of it, or as a beginning. */
static bool is_known(struct search *search, const struct search_version *version,
                     const json_t *term, const json_t *word) {
    struct str prefix = text_of(json_object_get(term, "prefix"));
    bool unfinished = str_eq(prefix, text_of(json_object_get(word, "word")));
    const char *dictionary;
    json_t *lexeme;
    json_object_foreach(json_object_get(word, "lexemes"), dictionary, lexeme) {
        uint64_t number;
        if (str_to_u64(str_of(dictionary), SEARCH_DICTIONARIES_MAX - 1, &number) != STATUS_OK)
            continue;
        if (has_lexeme(search, version, (int)number, text_of(lexeme), false) ||
            (unfinished && has_lexeme(search, version, (int)number, prefix, true)))
            return true;
    }
    return false;
}

/* False: a word has no neighbour, so nothing is corrected. */
static bool correct_term(struct search *search, const struct search_version *version,
                         const json_t *term, struct search_corrections *out) {
    const struct search_lexicon *lexicon = search_version_lexicon(version);
    size_t i;
    const json_t *word;
    json_array_foreach(json_object_get(term, "words"), i, word) {
        struct str said = text_of(json_object_get(word, "word")), nearest;
        if (is_known(search, version, term, word))
            continue;
        if (out->count == SEARCH_CORRECTIONS_MAX ||
            search_spell(lexicon, said, search->call->arena, &nearest) != STATUS_OK)
            return false;
        out->wrong[out->count] = said;
        out->replacements[out->count++] = nearest;
    }
    return true;
}

bool search_correct(struct search *search, const struct search_version *version) {
    struct search_corrections *corrections = &search->corrections;
    const json_t *terms = json_object_get(json_object_get(search->document, "query"), "terms");
    size_t i;
    const json_t *term;
    if (search_version_lexicon(version) == NULL)
        return false;
    json_array_foreach(terms, i, term) {
        if (!json_is_true(json_object_get(term, "not")) &&
            !correct_term(search, version, term, corrections)) {
            corrections->count = 0;
            return false;
        }
    }
    return corrections->count > 0;
}

/* ---- from page to page ---- */

#define CORRECTIONS_TEXT_MAX ((size_t)4096)

struct str search_corrections_write(const struct search_corrections *corrections,
                                    struct arena *arena) {
    struct buf text;
    buf_init(&text, CORRECTIONS_TEXT_MAX);
    for (size_t i = 0; i < corrections->count; i++)
        buf_printf(&text, "%s%.*s~%.*s", i > 0 ? "," : "", STR_FMT(corrections->wrong[i]),
                   STR_FMT(corrections->replacements[i]));
    bool none = corrections->count == 0;
    const char *copy = buf_status(&text) != STATUS_OK ? NULL
                       : none                         ? ""
                                                      : arena_strdup(arena, buf_str(&text));
    struct str out = copy == NULL ? STR_NONE : str_from(copy, none ? 0 : text.len);
    buf_deinit(&text);
    return out;
}

/* Words are letters and digits, so the signs between them are nothing else. */
enum status search_corrections_read(struct str text, struct arena *arena,
                                    struct search_corrections *out) {
    struct str pair, wrong;
    out->count = 0;
    if (text.len == 0)
        return STATUS_OK;
    char *copy = arena_strdup(arena, text);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    struct str rest = str_from(copy, text.len);
    while (!str_is_none(rest) && str_split(&rest, ',', &pair)) {
        if (out->count == SEARCH_CORRECTIONS_MAX || !str_split(&pair, '~', &wrong) ||
            wrong.len == 0 || pair.len == 0)
            return STATUS_INTERNAL;
        out->wrong[out->count] = wrong;
        out->replacements[out->count++] = pair;
    }
    return STATUS_OK;
}

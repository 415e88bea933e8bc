/* What the words of a query ask of the vacancies of each dictionary: search_plan_texts(). */
#include "plan_private.h"

#define DICTIONARIES_MAX 64

/* Consumes value. */
static enum status put(json_t *object, const char *name, json_t *value) {
    return json_object_set_new(object, name, value) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status add(json_t *array, json_t *value) {
    return json_array_append_new(array, value) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

/* {"word", "offset", "lexemes"} of the words that say something. */
static enum status words_of(const struct plan *plan, const struct plan_term *term,
                            const json_t *meanings, json_t *words) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < term->count && status == STATUS_OK; i++) {
        struct str said = plan->said[term->first + i];
        json_t *meaning = json_object_get(meanings, said.ptr);
        json_t *lexemes = json_object_get(meaning, "lexemes");
        if (json_is_true(json_object_get(meaning, "dropped")))
            continue;
        if (!json_is_object(lexemes))
            return STATUS_INVALID;
        json_t *word = json_pack("{s:s%, s:I, s:O}", "word", said.ptr, said.len, "offset",
                                 (json_int_t)i, "lexemes", lexemes);
        status = add(words, word);
    }
    return status;
}

/* Consumes words, which has some. */
static enum status add_term(const struct plan_term *term, json_t *words, json_t *terms) {
    return add(terms, json_pack("{s:b, s:o}", "not", term->excluded, "words", words));
}

static enum status terms_of(const struct plan *plan, const json_t *meanings, json_t *terms) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < plan->terms_count && status == STATUS_OK; i++) {
        json_t *words = json_array();
        status = words == NULL ? STATUS_NO_MEMORY
                               : words_of(plan, &plan->terms[i], meanings, words);
        if (status == STATUS_OK && json_array_size(words) > 0)
            status = add_term(&plan->terms[i], words, terms);
        else
            json_decref(words);
    }
    return status;
}

static void note_prefix(const struct plan *plan, json_t *terms) {
    size_t count = json_array_size(terms);
    json_t *last = json_array_get(terms, count - 1), *words = json_object_get(last, "words");
    const char *word = json_string_value(json_object_get(json_array_get(words, 0), "word"));
    if (count > 0 && !str_is_none(plan->prefix) && json_array_size(words) == 1 &&
        str_eq(str_of(word), plan->prefix))
        (void)json_object_set_new(last, "prefix", json_string(word));
}

/* ---- for one dictionary ---- */

/* The sequences any of which will do; NULL: nothing is left. *status is set when memory is out. */
static json_t *clause_of(const json_t *term, const char *dictionary, enum status *status) {
    json_t *steps = json_array();
    json_int_t first = -1;
    size_t i;
    const json_t *word;
    json_array_foreach(json_object_get(term, "words"), i, word) {
        json_t *lexeme = json_object_get(json_object_get(word, "lexemes"), dictionary);
        json_int_t offset = json_integer_value(json_object_get(word, "offset"));
        if (lexeme == NULL)
            continue;
        if (first < 0)
            first = offset;
        if (json_array_append_new(steps, json_pack("[OI]", lexeme, offset - first)) != 0)
            *status = STATUS_NO_MEMORY;
    }
    if (first < 0 || *status != STATUS_OK) {
        json_decref(steps);
        return NULL;
    }
    const char *prefix = json_string_value(json_object_get(term, "prefix"));
    return prefix == NULL ? json_pack("[o]", steps) : json_pack("[o,[[sib]]]", steps, prefix, 0, 1);
}

static enum status text_for(const json_t *terms, bool wanted, int dictionary, json_t *texts) {
    char name[4];
    enum status status = STATUS_OK;
    json_t *all = json_array(), *none = json_array();
    size_t i;
    const json_t *term;
    (void)snprintf(name, sizeof name, "%d", dictionary);
    json_array_foreach(terms, i, term) {
        json_t *clause = clause_of(term, name, &status);
        json_t *side = json_is_true(json_object_get(term, "not")) ? none : all;
        if (clause != NULL && status == STATUS_OK)
            status = add(side, clause);
    }
    if (status != STATUS_OK || (wanted && json_array_size(all) == 0)) {
        json_decref(all);
        json_decref(none);
        return status;
    }
    return add(texts,
               json_pack("{s:i, s:o, s:o}", "dictionary", dictionary, "all", all, "none", none));
}

/* The dictionaries that every word was asked of. */
static uint64_t dictionaries_of(const struct plan *plan, const json_t *meanings) {
    uint64_t common = UINT64_MAX;
    for (size_t i = 0; i < plan->said_count; i++) {
        uint64_t mine = 0;
        size_t k;
        const json_t *number;
        json_array_foreach(json_object_get(json_object_get(meanings, plan->said[i].ptr), "in"), k,
                           number) {
            json_int_t id = json_integer_value(number);
            if (id >= 0 && id < DICTIONARIES_MAX)
                mine |= UINT64_C(1) << id;
        }
        common &= mine;
    }
    return common;
}

static enum status texts_of(const struct plan *plan, const json_t *meanings, const json_t *terms,
                            json_t *texts) {
    enum status status = STATUS_OK;
    uint64_t dictionaries = dictionaries_of(plan, meanings);
    bool wanted = false;
    size_t i;
    const json_t *term;
    json_array_foreach(terms, i, term) {
        wanted = wanted || !json_is_true(json_object_get(term, "not"));
    }
    for (int id = 0; id < DICTIONARIES_MAX && status == STATUS_OK; id++)
        if (dictionaries >> id & 1)
            status = text_for(terms, wanted, id, texts);
    return status;
}

enum status plan_texts(struct plan *plan, const json_t *meanings, json_t *document) {
    const json_t *words = json_object_get(meanings, "words");
    json_t *query = json_object(), *terms = json_array(), *texts = json_array();
    enum status status = put(query, "terms", terms); /* owned by query from here on */
    if (status == STATUS_OK)
        status = terms_of(plan, words, terms);
    if (status == STATUS_OK && json_array_size(terms) == 0)
        status = STATUS_INVALID; /* nothing is said: PostgreSQL refuses it */
    if (status == STATUS_OK) {
        note_prefix(plan, terms);
        status = texts_of(plan, words, terms, texts);
    }
    if (status == STATUS_OK)
        status = put(document, "query", json_incref(query));
    if (status == STATUS_OK)
        status = put(document, "texts", json_incref(texts));
    json_decref(query);
    json_decref(texts);
    return status;
}

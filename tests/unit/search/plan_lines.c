/* For tests/sql/test_search_plan.py: each line of standard input is {"parameters": {...}, "wrong":
 * [...], "replacements": [...], "meanings": {...} or null}. Prints for each a line: what has to be
 * asked when there are no meanings, else the plan; or "unsure". */
#include <stdio.h>
#include <stdlib.h>

#include "segreteria/search/plan.h"

#define ARENA_MAX ((size_t)1024 * 1024)

static void fill(const json_t *array, struct str *texts) {
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *one = json_array_get(array, i);
        texts[i] = str_from(json_string_value(one), json_string_length(one));
    }
}

static void print(json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    (void)puts(text);
    free(text);
    json_decref(json);
}

static json_t *list(const struct str *texts, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_stringn(texts[i].ptr, texts[i].len));
    return array;
}

static json_t *asked_of(const struct plan_asked *asked) {
    return json_pack("{s:o,s:o,s:o,s:o}", "words", list(asked->words, asked->words_count), "cities",
                     list(asked->names, asked->cities_count), "tools",
                     list(asked->names + asked->cities_count, asked->tools_count), "near",
                     str_is_none(asked->near) ? json_null()
                                              : json_stringn(asked->near.ptr, asked->near.len));
}

static void answer(const json_t *line) {
    struct str wrong[PLAN_WORDS_MAX], replacements[PLAN_WORDS_MAX];
    struct arena arena;
    struct plan *plan = malloc(sizeof *plan);
    const json_t *words = json_object_get(line, "wrong"),
                 *meanings = json_object_get(line, "meanings");
    json_t *document;
    fill(words, wrong);
    fill(json_object_get(line, "replacements"), replacements);
    arena_init(&arena, ARENA_MAX);
    enum status status = plan_begin(&arena, json_object_get(line, "parameters"), wrong,
                                    replacements, json_array_size(words), plan);
    if (status == STATUS_OK && !json_is_object(meanings))
        print(asked_of(&plan->asked));
    else if (status == STATUS_OK && plan_finish(plan, meanings, &document) == STATUS_OK)
        print(document);
    else
        print(json_string("unsure"));
    arena_deinit(&arena);
    free(plan);
}

int main(void) {
    json_t *line;
    while ((line = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        answer(line);
        json_decref(line);
    }
    return 0;
}

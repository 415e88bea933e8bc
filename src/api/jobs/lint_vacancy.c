/* Title, description, and the labels and options of the questions: what people read. */
#include "lint_vacancy.h"

#include <stdio.h>
#include <stdlib.h>

#define FINDINGS_BYTES_MAX ((size_t)512 * 1024) /* LINT_FINDINGS_MAX of them, all escaped */
#define WORDS_BYTES_MAX 200 /* of the words found; the span says where the rest is */
#define POINTER_SIZE 64

struct vacancy_lint {
    const struct lint *lint;
    enum lang lang;
    struct lint_findings *findings;
    struct buf out;
};

/* At a character's boundary. */
static struct str shortened(struct str words) {
    if (words.len <= WORDS_BYTES_MAX)
        return words;
    words.len = WORDS_BYTES_MAX;
    while (words.len > 0 && ((unsigned char)words.ptr[words.len] & 0xC0u) == 0x80u)
        words.len--;
    return words;
}

static void put_member(struct buf *out, const char *name, struct str value) {
    buf_printf(out, ",\"%s\":", name);
    buf_append_json_string(out, value);
}

static void put_finding(struct vacancy_lint *run, const char *pointer,
                        const struct lint_finding *found) {
    const struct lint_rule *rule = found->rule;
    struct buf *out = &run->out;
    buf_printf(out, "%s{\"pointer\":\"%s\",\"code\":\"lint_%s\"", out->len > 1 ? "," : "", pointer,
               rule->id);
    put_member(out, "detail", str_of(rule->detail[run->lang]));
    put_member(out, "words", shortened(found->words));
    buf_printf(out, ",\"start\":%zu,\"length\":%zu", found->start, found->length);
    put_member(out, "article", str_of(rule->article));
    put_member(out, "suggestion", str_of(rule->suggestion[run->lang]));
    buf_printf(out, ",\"severity\":\"%s\",\"countries\":[", rule->error ? "error" : "warning");
    for (size_t i = 0; i < rule->countries_count; i++)
        buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", rule->countries[i]);
    buf_append_text(out, "]}");
}

static enum status look(struct vacancy_lint *run, const char *pointer, const json_t *text) {
    if (!json_is_string(text))
        return STATUS_OK;
    size_t before = run->findings->count;
    enum status status = lint_text(
        run->lint, str_from(json_string_value(text), json_string_length(text)), run->findings);
    for (size_t i = before; status == STATUS_OK && i < run->findings->count; i++)
        put_finding(run, pointer, &run->findings->list[i]);
    return status;
}

static enum status look_at_question(struct vacancy_lint *run, const json_t *question, size_t n) {
    char pointer[POINTER_SIZE];
    const json_t *options = json_object_get(question, "options");
    (void)snprintf(pointer, sizeof pointer, "/questions/%zu/label", n);
    enum status status = look(run, pointer, json_object_get(question, "label"));
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(options); i++) {
        (void)snprintf(pointer, sizeof pointer, "/questions/%zu/options/%zu", n, i);
        status = look(run, pointer, json_array_get(options, i));
    }
    return status;
}

static enum status look_at_all(struct vacancy_lint *run, const json_t *vacancy) {
    const json_t *questions = json_object_get(vacancy, "questions");
    enum status status = look(run, "/title", json_object_get(vacancy, "title"));
    if (status == STATUS_OK)
        status = look(run, "/description", json_object_get(vacancy, "description"));
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(questions); i++)
        status = look_at_question(run, json_array_get(questions, i), i);
    return status;
}

enum status lint_vacancy_text(const struct api_call *call, const json_t *vacancy,
                              struct arena *arena, struct str *out) {
    struct vacancy_lint run = {.lint = call->worker->shared->lint,
                               .lang = http_request_lang(call->request),
                               .findings = malloc(sizeof *run.findings)};
    if (run.findings == NULL)
        return STATUS_NO_MEMORY;
    run.findings->count = 0;
    buf_init(&run.out, FINDINGS_BYTES_MAX);
    buf_append_char(&run.out, '[');
    enum status status = look_at_all(&run, vacancy);
    buf_append_char(&run.out, ']');
    if (status == STATUS_OK)
        status = buf_status(&run.out);
    if (status == STATUS_OK) {
        char *copy = arena_strdup(arena, buf_str(&run.out));
        *out = copy == NULL ? STR_NONE : str_from(copy, run.out.len);
        status = copy == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    buf_deinit(&run.out);
    free(run.findings);
    return status;
}

enum status lint_vacancy(struct api_call *call, const json_t *vacancy) {
    struct str text;
    enum status status = lint_vacancy_text(call, vacancy, call->arena, &text);
    if (status == STATUS_OK)
        api_bind(call, "lint", text);
    return status;
}

/* Rules from their JSON form: names replaced by their patterns, patterns compiled. */
#include "rule.h"

#include <stdlib.h>

#define PATTERN_MAX 16384 /* bytes of one pattern, names replaced */
#define NESTING_MAX 8     /* names within names */

/* ---- patterns ---- */

/* Replaces each {{name}} by what `words` says, which may hold names itself. */
static enum status expand(struct str pattern, const json_t *words, unsigned depth, struct buf *out,
                          struct buf *error) {
    while (pattern.len > 0) {
        size_t at = 0;
        while (at < pattern.len &&
               !str_starts_with(str_from(pattern.ptr + at, pattern.len - at), STR("{{")))
            at++;
        buf_append(out, str_from(pattern.ptr, at));
        if (at == pattern.len)
            break;
        struct str rest = str_from(pattern.ptr + at + 2, pattern.len - at - 2);
        size_t end = str_find(rest, '}');
        const char *word = json_string_value(json_object_getn(words, rest.ptr, end));
        if (end + 1 >= rest.len || rest.ptr[end + 1] != '}' || word == NULL || depth == 0) {
            buf_printf(error, "no word {{%.*s}}", (int)end, rest.ptr);
            return STATUS_INVALID;
        }
        enum status status = expand(str_of(word), words, depth - 1, out, error);
        if (status != STATUS_OK)
            return status;
        pattern = str_from(rest.ptr + end + 2, rest.len - end - 2);
    }
    return buf_status(out);
}

enum status pattern_compile(struct str pattern, pcre2_code **out, struct buf *error) {
    int code;
    PCRE2_SIZE offset;
    *out = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
                         PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &code,
                         &offset, NULL);
    if (*out == NULL) {
        char text[160];
        (void)pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
        buf_printf(error, "%s at %zu of %.*s", text, offset, STR_FMT(pattern));
        return STATUS_INVALID;
    }
    (void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE); /* without, it is interpreted */
    return STATUS_OK;
}

static enum status compile_list(const json_t *list, const json_t *words, struct patterns *out,
                                struct buf *error) {
    struct buf text;
    enum status status = STATUS_OK;
    if (json_array_size(list) == 0)
        return STATUS_OK;
    out->list = calloc(json_array_size(list), sizeof(pcre2_code *));
    if (out->list == NULL)
        return STATUS_NO_MEMORY;
    buf_init(&text, PATTERN_MAX);
    for (size_t i = 0; i < json_array_size(list) && status == STATUS_OK; i++) {
        buf_clear(&text);
        status = expand(str_of(json_string_value(json_array_get(list, i))), words, NESTING_MAX,
                        &text, error);
        if (status == STATUS_OK)
            status = pattern_compile(buf_str(&text), &out->list[i], error);
        out->count += status == STATUS_OK;
    }
    buf_deinit(&text);
    return status;
}

static void patterns_free(struct patterns *patterns) {
    for (size_t i = 0; i < patterns->count; i++)
        pcre2_code_free(patterns->list[i]);
    free(patterns->list);
}

/* ---- rules ---- */

static enum status read_texts(const json_t *rule, const char *member, const char *out[2]) {
    const json_t *texts = json_object_get(rule, member);
    out[LANG_EN] = json_string_value(json_object_get(texts, "en"));
    out[LANG_IT] = json_string_value(json_object_get(texts, "it"));
    return out[LANG_EN] != NULL && out[LANG_IT] != NULL ? STATUS_OK : STATUS_INVALID;
}

static enum status read_countries(const json_t *rule, struct lint_rule *out) {
    const json_t *list = json_object_get(rule, "countries");
    if (json_array_size(list) == 0)
        return STATUS_OK;
    const char **countries = calloc(json_array_size(list), sizeof *countries);
    if (countries == NULL)
        return STATUS_NO_MEMORY;
    out->countries = countries;
    out->countries_count = json_array_size(list);
    for (size_t i = 0; i < out->countries_count; i++) {
        countries[i] = json_string_value(json_array_get(list, i));
        if (countries[i] == NULL || strlen(countries[i]) != 2)
            return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status read_shown(const json_t *rule, struct lint_rule *out) {
    const char *severity = json_string_value(json_object_get(rule, "severity"));
    out->id = json_string_value(json_object_get(rule, "id"));
    out->article = json_string_value(json_object_get(rule, "article"));
    if (severity == NULL || out->id == NULL || out->article == NULL ||
        read_texts(rule, "detail", out->detail) != STATUS_OK ||
        read_texts(rule, "suggestion", out->suggestion) != STATUS_OK)
        return STATUS_INVALID;
    out->error = strcmp(severity, "error") == 0;
    return out->error || strcmp(severity, "warning") == 0 ? read_countries(rule, out)
                                                          : STATUS_INVALID;
}

enum status rule_compile(const json_t *rule, const json_t *words, struct rule *out,
                         struct buf *error) {
    enum status status = read_shown(rule, &out->shown);
    if (status == STATUS_INVALID)
        buf_printf(error, "the rule %s lacks one of its texts or its severity",
                   out->shown.id == NULL ? "without an id" : out->shown.id);
    if (status == STATUS_OK)
        status = compile_list(json_object_get(rule, "patterns"), words, &out->find, error);
    if (status == STATUS_OK)
        status = compile_list(json_object_get(rule, "unless"), words, &out->unless, error);
    if (status == STATUS_OK)
        status = compile_list(json_object_get(rule, "unless_sentence"), words,
                              &out->unless_sentence, error);
    return status;
}

void rule_free(struct rule *rule) {
    free((void *)(uintptr_t)rule->shown.countries); /* made here; const for readers only */
    patterns_free(&rule->find);
    patterns_free(&rule->unless);
    patterns_free(&rule->unless_sentence);
}

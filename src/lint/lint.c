/* Looks for the rules' patterns in a text. */
#include "segreteria/lint/lint.h"

#include <stdlib.h>

#include "rule.h"

/* A sentence ends with a full stop, question or exclamation mark before a capital, or with a line:
 * "art. 27" and "D.Lgs. 198" do not end one. */
#define SENTENCE_END "(?:[.!?]\\s+(?=(?-i:\\p{Lu}))|\\n)"
#define STEPS_MAX 200000 /* of one look for a pattern: far above what a fair text needs */

struct span {
    size_t from, to;
};

/* One text under examination. */
struct look {
    const struct lint *lint;
    struct str text;
    pcre2_match_data *match;
    pcre2_match_context *context;
};

enum status lint_create(struct str rules, struct lint **out, struct buf *error) {
    json_error_t mistake;
    struct lint *lint = calloc(1, sizeof *lint);
    *out = lint;
    if (lint == NULL)
        return STATUS_NO_MEMORY;
    lint->document = json_loadb(rules.ptr, rules.len, JSON_REJECT_DUPLICATES, &mistake);
    const json_t *list = json_object_get(lint->document, "rules");
    const json_t *words = json_object_get(lint->document, "words");
    if (json_array_size(list) == 0) {
        buf_append_text(error, "the rules for vacancies cannot be read");
        return STATUS_INVALID;
    }
    lint->rules = calloc(json_array_size(list), sizeof lint->rules[0]);
    if (lint->rules == NULL)
        return STATUS_NO_MEMORY;
    enum status status = pattern_compile(STR(SENTENCE_END), &lint->sentence_end, error);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(list); i++) {
        lint->count = i + 1;
        status = rule_compile(json_array_get(list, i), words, &lint->rules[i], error);
    }
    return status;
}

void lint_destroy(struct lint *lint) {
    if (lint == NULL)
        return;
    for (size_t i = 0; i < lint->count; i++)
        rule_free(&lint->rules[i]);
    free(lint->rules);
    pcre2_code_free(lint->sentence_end);
    json_decref(lint->document);
    free(lint);
}

bool lint_rule_stops(const struct lint_rule *rule, struct str country) {
    for (size_t i = 0; rule->error && i < rule->countries_count; i++)
        if (str_eq(country, str_of(rule->countries[i])))
            return true;
    return false;
}

/* The next match from `from` on within [.., to); false: none. */
static bool next_match(const struct look *look, const pcre2_code *code, size_t from, size_t to,
                       struct span *out) {
    if (from > to)
        return false;
    int count = pcre2_match(code, (PCRE2_SPTR)look->text.ptr, to, from, PCRE2_NO_UTF_CHECK,
                            look->match, look->context);
    if (count < 0)
        return false;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(look->match);
    *out = (struct span){ends[0], ends[1]};
    return ends[1] > ends[0];
}

static struct span sentence_of(const struct look *look, struct span place) {
    struct span sentence = {0, look->text.len}, end;
    for (size_t at = 0; next_match(look, look->lint->sentence_end, at, look->text.len, &end);
         at = end.to) {
        if (end.to <= place.from)
            sentence.from = end.to;
        else if (end.from >= place.to) {
            sentence.to = end.from;
            break;
        }
    }
    return sentence;
}

static bool overlaps(const struct look *look, const struct patterns *patterns, struct span place) {
    struct span other;
    for (size_t i = 0; i < patterns->count; i++)
        for (size_t at = 0; next_match(look, patterns->list[i], at, look->text.len, &other) &&
                            other.from < place.to;
             at = other.to)
            if (other.to > place.from)
                return true;
    return false;
}

static bool is_spared(const struct look *look, const struct rule *rule, struct span place) {
    struct span other;
    if (overlaps(look, &rule->unless, place))
        return true;
    if (rule->unless_sentence.count == 0)
        return false;
    struct span sentence = sentence_of(look, place);
    for (size_t i = 0; i < rule->unless_sentence.count; i++)
        if (next_match(look, rule->unless_sentence.list[i], sentence.from, sentence.to, &other))
            return true;
    return false;
}

static size_t characters(const char *text, size_t len) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0u) != 0x80u;
    return count;
}

/* Two patterns of a rule may find the same place: it is told once, the wider way. */
static void add(const struct look *look, const struct rule *rule, struct span place, size_t first,
                struct lint_findings *findings) {
    const char *text = look->text.ptr;
    struct lint_finding found = {.rule = &rule->shown,
                                 .words = str_from(text + place.from, place.to - place.from)};
    for (size_t i = first; i < findings->count; i++) {
        struct lint_finding *other = &findings->list[i];
        if (other->rule != found.rule || other->words.ptr >= text + place.to ||
            other->words.ptr + other->words.len <= text + place.from)
            continue;
        const char *from = other->words.ptr < found.words.ptr ? other->words.ptr : found.words.ptr;
        const char *end = other->words.ptr + other->words.len;
        if (end < text + place.to)
            end = text + place.to;
        other->words = str_from(from, (size_t)(end - from));
        other->start = characters(text, (size_t)(from - text));
        other->length = characters(from, other->words.len);
        return;
    }
    if (findings->count == LINT_FINDINGS_MAX)
        return;
    found.start = characters(text, place.from);
    found.length = characters(found.words.ptr, found.words.len);
    findings->list[findings->count++] = found;
}

enum status lint_text(const struct lint *lint, struct str text, struct lint_findings *findings) {
    struct look look = {.lint = lint,
                        .text = text,
                        .match = pcre2_match_data_create(1, NULL),
                        .context = pcre2_match_context_create(NULL)};
    enum status status = look.match == NULL || look.context == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    size_t first = findings->count;
    if (status == STATUS_OK)
        (void)pcre2_set_match_limit(look.context, STEPS_MAX);
    for (size_t r = 0; status == STATUS_OK && text.len > 0 && r < lint->count; r++) {
        const struct rule *rule = &lint->rules[r];
        struct span place;
        for (size_t i = 0; i < rule->find.count; i++)
            for (size_t at = 0; next_match(&look, rule->find.list[i], at, text.len, &place);
                 at = place.to)
                if (!is_spared(&look, rule, place))
                    add(&look, rule, place, first, findings);
    }
    pcre2_match_data_free(look.match);
    pcre2_match_context_free(look.context);
    return status;
}

/* The words, phrases and exclusions of a query, as search_query() reads them (docs/search.md, "The
 * query"). Its two regular expressions are written out here. */
#include "plan_private.h"
#include "segreteria/search/fold.h"

#define TEXT_MAX ((size_t)16 * 1024)

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool is_separator(char c) { return c != '\0' && strchr("!#$%()*+,/:;<=>?[\\]^`{|}~", c); }

static enum status copy_of(struct arena *arena, const struct buf *text, struct str *out) {
    if (buf_status(text) != STATUS_OK)
        return buf_status(text);
    char *copy = arena_strdup(arena, text->len == 0 ? STR("") : buf_str(text));
    *out = str_from(copy, text->len);
    return copy == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status plan_fold(struct arena *arena, struct str text, struct str *out) {
    struct buf folded;
    buf_init(&folded, TEXT_MAX);
    enum status status = fold_append(&folded, text) ? copy_of(arena, &folded, out) : STATUS_INVALID;
    buf_deinit(&folded);
    return status;
}

/* Every sort of double quotation mark as the plain one. */
static enum status with_plain_quotes(struct arena *arena, struct str q, struct str *out) {
    struct buf text;
    buf_init(&text, TEXT_MAX);
    for (struct str rest = q; rest.len > 0;) {
        const char *start = rest.ptr;
        uint32_t point = fold_next(&rest);
        if (point == 0)
            break;
        bool quote = point == 0x201c || point == 0x201d || point == 0xab || point == 0xbb ||
                     point == 0x201e || point == 0x201f;
        buf_append(&text, quote ? STR("\"") : str_from(start, (size_t)(rest.ptr - start)));
    }
    enum status status = copy_of(arena, &text, out);
    buf_deinit(&text);
    return status;
}

/* A phrase or a word. */
static enum status add_term(struct plan *plan, struct str piece, bool excluded) {
    struct str folded;
    enum status status = plan_fold(plan->arena, piece, &folded);
    if (status != STATUS_OK || folded.len == 0)
        return status;
    if (plan->said_count == PLAN_WORDS_MAX)
        return STATUS_INVALID; /* too many: there is no room for a term either */
    struct plan_term *term = &plan->terms[plan->terms_count];
    *term = (struct plan_term){.excluded = excluded, .first = plan->said_count};
    for (struct str word; !str_is_none(folded) && str_split(&folded, ' ', &word);) {
        if (plan->said_count == PLAN_WORDS_MAX)
            return STATUS_INVALID; /* likewise */
        char *copy = arena_strdup(plan->arena, word);
        if (copy == NULL)
            return STATUS_NO_MEMORY;
        plan->said[plan->said_count++] = str_from(copy, word.len);
        term->count++;
    }
    plan->terms_count++; /* a term has a word at least */
    return STATUS_OK;
}

static enum status add_words(struct plan *plan, struct str text, bool excluded) {
    enum status status = STATUS_OK;
    for (size_t at = 0; at < text.len && status == STATUS_OK;) {
        size_t end = at;
        while (end < text.len && !is_separator(text.ptr[end]))
            end++;
        status = add_term(plan, str_from(text.ptr + at, end - at), excluded);
        at = end + 1;
    }
    return status;
}

static struct str last_point(struct str text) {
    size_t at = text.len - 1;
    while (at > 0 && ((unsigned char)text.ptr[at] & 0xc0u) == 0x80)
        at--;
    return str_from(text.ptr + at, text.len - at);
}

/* Of a query that ends with a word, neither quoted nor excluded: whether it is the last word of a
 * phrase, plan_texts sees. */
static enum status note_prefix(struct plan *plan, struct str source) {
    size_t at = source.len;
    while (at > 0 && !is_space(source.ptr[at - 1]) && source.ptr[at - 1] != '"' &&
           !is_separator(source.ptr[at - 1]))
        at--;
    if (at == source.len)
        return STATUS_OK;
    struct str word, end;
    enum status status = plan_fold(plan->arena, str_from(source.ptr + at, source.len - at), &word);
    if (status == STATUS_OK)
        status = plan_fold(plan->arena, last_point(source), &end);
    if (status == STATUS_OK && word.len >= 3 && end.len == 1 &&
        word.ptr[word.len - 1] == end.ptr[0])
        plan->prefix = word;
    return status;
}

enum status plan_parse(struct plan *plan) {
    struct str source, folded;
    enum status status = plan_fold(plan->arena, plan->q, &folded); /* are we sure of every sign? */
    if (status == STATUS_OK)
        status = with_plain_quotes(plan->arena, plan->q, &source);
    bool unfinished = false;
    for (size_t at = 0; status == STATUS_OK && at < source.len;) {
        if (is_space(source.ptr[at])) {
            at++;
            continue;
        }
        bool excluded = source.ptr[at] == '-' && at + 1 < source.len &&
                        !is_space(source.ptr[at + 1]);
        size_t start = at + excluded, end = start;
        bool quoted = source.ptr[start] == '"';
        if (quoted) {
            end = ++start;
            while (end < source.len && source.ptr[end] != '"')
                end++;
            status = add_term(plan, str_from(source.ptr + start, end - start), excluded);
        } else {
            while (end < source.len && !is_space(source.ptr[end]) && source.ptr[end] != '"')
                end++;
            status = add_words(plan, str_from(source.ptr + start, end - start), excluded);
        }
        unfinished = !quoted && !excluded;
        at = end + quoted;
    }
    return status == STATUS_OK && unfinished ? note_prefix(plan, source) : status;
}

/* ---- spelling ---- */

/* search_replace() looks at runs of these and of the others; of letters that are left to PostgreSQL
 * there are more. */
static bool is_of_word(uint32_t point) {
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') ||
           (point >= '0' && point <= '9') ||
           (point >= 0xc0 && point <= 0x36f && point != 0xd7 && point != 0xf7);
}

static struct str run_of(struct str *rest) {
    struct str start = *rest, next = *rest;
    bool word = is_of_word(fold_next(&next));
    do
        *rest = next;
    while (next.len > 0 && is_of_word(fold_next(&next)) == word && next.ptr != rest->ptr);
    return str_from(start.ptr, (size_t)(rest->ptr - start.ptr));
}

enum status plan_replace(struct plan *plan, const struct str *wrong, const struct str *replacements,
                         size_t wrong_count) {
    struct buf text;
    struct str all;
    enum status status = plan_fold(plan->arena, plan->q, &all);
    buf_init(&text, TEXT_MAX);
    for (struct str rest = plan->q; status == STATUS_OK && rest.len > 0;) {
        struct str run = run_of(&rest), folded;
        status = plan_fold(plan->arena, run, &folded);
        for (size_t i = 0; status == STATUS_OK && i < wrong_count; i++)
            if (str_eq(folded, wrong[i])) {
                run = replacements[i];
                break;
            }
        buf_append(&text, run);
    }
    if (status == STATUS_OK)
        status = copy_of(plan->arena, &text, &plan->q);
    buf_deinit(&text);
    return status;
}

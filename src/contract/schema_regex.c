/* "pattern" is an ECMA-262 regular expression; PCRE2 runs it. The two agree on most of the syntax;
 * where they do not, the pattern is rewritten (what \s and . mean, \u escapes, names of Unicode
 * properties), and what only PCRE2 knows (possessive quantifiers, verbs, recursion, \Q, \A, inline
 * options) is refused, so that a pattern means the same here as in a client's validator.
 */
#include <stdio.h>

#include "schema_internal.h"

#define PATTERN_MAX ((size_t)64 * 1024)

const uint32_t schema_regex_options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                                      PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C;

/* White space of ECMA-262 beyond PCRE2's ASCII \s. It begins and ends with \s so that a hyphen
 * beside it stays one. */
#define SPACES                                                                                     \
    "\\s\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"                                     \
    "\\x{202f}\\x{205f}\\x{3000}\\x{feff}\\s"

struct translation {
    struct str pattern;
    size_t at;
    struct buf *out;
    bool in_class;
    bool ok;
};

static char peek(const struct translation *t, size_t ahead) {
    return t->at + ahead < t->pattern.len ? t->pattern.ptr[t->at + ahead] : '\0';
}

static void refuse(struct translation *t) { t->ok = false; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static int hex(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` hex digits from `at + ahead`; -1 if they are not there. */
static long hex_digits(const struct translation *t, size_t ahead, size_t count) {
    long value = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = hex(peek(t, ahead + i));
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static void put_code_point(struct translation *t, long code) {
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        refuse(t);
        return;
    }
    buf_printf(t->out, "\\x{%lx}", (unsigned long)code);
}

/* \uXXXX, a surrogate pair of them, \u{X...}, \xXX; `at` is on the letter. */
static void translate_hex(struct translation *t) {
    if (peek(t, 0) == 'x') {
        put_code_point(t, hex_digits(t, 1, 2));
        t->at += 3;
        return;
    }
    if (peek(t, 1) == '{') {
        size_t digits = 0;
        while (hex(peek(t, 2 + digits)) >= 0) {
            digits++;
        }
        put_code_point(t, digits == 0 || digits > 6 || peek(t, 2 + digits) != '}'
                              ? -1
                              : hex_digits(t, 2, digits));
        t->at += digits + 3;
        return;
    }
    long code = hex_digits(t, 1, 4);
    t->at += 5;
    if (code >= 0xD800 && code <= 0xDBFF && peek(t, 0) == '\\' && peek(t, 1) == 'u') {
        long low = hex_digits(t, 2, 4);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            t->at += 6;
        }
    }
    put_code_point(t, code);
}

static const char *const categories[][2] = {
    /* what ECMA-262 allows and PCRE2 only knows by the short name */
    {"Letter", "L"},
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Unassigned", "Cn"},
};

static struct str without_prefix(struct str s, struct str prefix) {
    return str_starts_with(s, prefix) ? str_from(s.ptr + prefix.len, s.len - prefix.len) : s;
}

/* \p{...} and \P{...}; `at` is on the letter. */
static void translate_property(struct translation *t) {
    char letter = peek(t, 0);
    struct str rest = str_from(t->pattern.ptr + t->at + 1, t->pattern.len - t->at - 1);
    size_t end = str_find(rest, '}');
    if (rest.len == 0 || rest.ptr[0] != '{' || end == rest.len || end < 2) {
        refuse(t);
        return;
    }
    struct str name = str_from(rest.ptr + 1, end - 1);
    name = without_prefix(without_prefix(name, STR("General_Category=")), STR("gc="));
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
        if (str_eq(name, str_of(categories[i][0]))) {
            name = str_of(categories[i][1]);
            break;
        }
    }
    const char *kind = "";
    struct str script = without_prefix(without_prefix(name, STR("Script=")), STR("sc="));
    struct str extension = without_prefix(without_prefix(name, STR("Script_Extensions=")),
                                          STR("scx="));
    if (script.len != name.len) {
        kind = "sc:";
        name = script;
    } else if (extension.len != name.len) {
        kind = "scx:";
        name = extension;
    }
    if (name.len == 0 || name.ptr[0] == '^') {
        refuse(t);
        return;
    }
    buf_printf(t->out, "\\%c{%s%.*s}", letter, kind, STR_FMT(name));
    t->at += end + 2;
}

static void copy(struct translation *t, size_t count) {
    for (; count > 0 && t->at < t->pattern.len; count--) {
        buf_append_char(t->out, t->pattern.ptr[t->at++]);
    }
}

static void translate_escape(struct translation *t) {
    t->at++;
    char c = peek(t, 0);
    if (t->at >= t->pattern.len) {
        refuse(t);
    } else if (c == 'u' || c == 'x') {
        translate_hex(t);
    } else if (c == 'p' || c == 'P') {
        translate_property(t);
    } else if (c == 's' || (c == 'S' && !t->in_class)) {
        buf_append_text(t->out, t->in_class ? SPACES : c == 's' ? "[" SPACES "]" : "[^" SPACES "]");
        t->at++;
    } else if (c == '0' && !is_digit(peek(t, 1))) {
        buf_append_text(t->out, "\\x{0}");
        t->at++;
    } else if (c == 'c') {
        if (is_letter(peek(t, 1))) {
            put_code_point(t, peek(t, 1) & 0x1F);
            t->at += 2;
        } else {
            refuse(t);
        }
    } else if (c == 'v') { /* PCRE2's \v is a class of its own */
        buf_append_text(t->out, "\\x{b}");
        t->at++;
    } else if (is_digit(c)) {
        if (t->in_class || c == '0') {
            refuse(t);
        }
        buf_append_char(t->out, '\\');
        copy(t, 1);
    } else if (is_letter(c) && strchr(t->in_class ? "bdDwWSfnrt" : "bBdDwWfnrtk", c) == NULL) {
        refuse(t);
    } else {
        buf_append_char(t->out, '\\');
        copy(t, 1);
    }
}

static void translate_class(struct translation *t) {
    t->in_class = true;
    copy(t, peek(t, 1) == '^' ? 2 : 1);
    while (t->ok && t->at < t->pattern.len && peek(t, 0) != ']') {
        if (peek(t, 0) == '\\') {
            translate_escape(t);
        } else {
            if (peek(t, 0) == '[') { /* never the start of a POSIX class */
                buf_append_char(t->out, '\\');
            }
            copy(t, 1);
        }
    }
    if (t->at >= t->pattern.len) {
        refuse(t);
    }
    copy(t, 1);
    t->in_class = false;
}

static void translate_group(struct translation *t) {
    char c = peek(t, 1);
    if (c == '*') {
        refuse(t);
    } else if (c == '?') {
        char kind = peek(t, 2);
        bool look_behind = kind == '<' && (peek(t, 3) == '=' || peek(t, 3) == '!');
        bool named = kind == '<' && (is_letter(peek(t, 3)) || peek(t, 3) == '_');
        if (kind != ':' && kind != '=' && kind != '!' && !look_behind && !named) {
            refuse(t);
        }
        copy(t, 3);
        return;
    }
    copy(t, 1);
}

/* {n}, {n,}, {n,m}: its length, or 0 if the brace stands for itself. */
static size_t braces(const struct translation *t) {
    size_t n = 1;
    while (is_digit(peek(t, n))) {
        n++;
    }
    if (n == 1) {
        return 0;
    }
    if (peek(t, n) == ',') {
        n++;
        while (is_digit(peek(t, n))) {
            n++;
        }
    }
    return peek(t, n) == '}' ? n + 1 : 0;
}

static void translate_quantifier(struct translation *t, size_t len) {
    copy(t, len);
    if (peek(t, 0) == '+') { /* possessive: not in ECMA-262 */
        refuse(t);
    }
}

enum status schema_regex_translate(struct str pattern, struct buf *out) {
    struct translation t = {.pattern = pattern, .out = out, .ok = true};
    while (t.ok && t.at < pattern.len) {
        switch (pattern.ptr[t.at]) {
        case '\\': translate_escape(&t); break;
        case '[': translate_class(&t); break;
        case '(': translate_group(&t); break;
        case '.':
            buf_append_text(out, "[^\\n\\r\\x{2028}\\x{2029}]");
            t.at++;
            break;
        case '*':
        case '+':
        case '?': translate_quantifier(&t, 1); break;
        case '{':
            if (braces(&t) > 0) {
                translate_quantifier(&t, braces(&t));
            } else {
                buf_append_char(out, '\\');
                copy(&t, 1);
            }
            break;
        default: copy(&t, 1);
        }
    }
    if (buf_status(out) != STATUS_OK) {
        return buf_status(out);
    }
    return t.ok ? STATUS_OK : STATUS_INVALID;
}

static void code_free(void *code) { pcre2_code_free(code); }

static pcre2_code *compile(pcre2_compile_context *context, struct str pattern, int *error_code) {
    struct buf text;
    buf_init(&text, PATTERN_MAX);
    pcre2_code *code = NULL;
    *error_code = 0;
    if (schema_regex_translate(pattern, &text) == STATUS_OK) {
        size_t offset = 0;
        code = pcre2_compile((PCRE2_SPTR)(text.len == 0 ? "" : text.data), text.len,
                             schema_regex_options, error_code, &offset, context);
    }
    buf_deinit(&text);
    return code;
}

enum status schema_regex_compile(struct schema_set *set, struct str pattern,
                                 const struct schema_regex **out, struct buf *error) {
    int code = 0;
    struct schema_regex *regex = arena_zalloc(&set->arena, sizeof *regex);
    if (regex == NULL) {
        return STATUS_NO_MEMORY;
    }
    regex->source = pattern;
    regex->code = compile(set->compile_context, pattern, &code);
    if (regex->code == NULL) {
        PCRE2_UCHAR message[256] = "not a regular expression of ECMA-262";
        if (code != 0) {
            (void)pcre2_get_error_message(code, message, sizeof message);
        }
        buf_append_text(error, (const char *)message);
        return code == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH ? STATUS_UNSUPPORTED
                                                               : STATUS_INVALID;
    }
    (void)pcre2_jit_compile(regex->code,
                            PCRE2_JIT_COMPLETE); /* where there is no JIT it is interpreted */
    enum status status = arena_defer(&set->arena, code_free, regex->code);
    if (status == STATUS_OK) {
        *out = regex;
    }
    return status;
}

bool schema_regex_is_valid(struct str pattern) {
    int code = 0;
    pcre2_code *compiled = compile(NULL, pattern, &code);
    pcre2_code_free(compiled);
    return compiled != NULL || code == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH;
}

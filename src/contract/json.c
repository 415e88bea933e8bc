/* The strict JSON parser for request bodies: builds the json_t itself, without recursion, so that
 * depth, number of values and names are checked before anything is made of them, and so that every
 * refusal knows its JSON Pointer.
 */
#include <assert.h>
#include <stdio.h>

#include "json_scan.h"
#include "pointer.h"
#include "segreteria/contract/contract.h"

/* Longest pointer told; of a deeper place its nearest ancestor is named. */
#define POINTER_MAX 1024

struct level {
    json_t *container; /* owned by the one above it, or by the parser */
    struct str key;    /* objects: of the member under way */
    size_t index;      /* arrays: of the item under way */
};

enum wanted { WANT_VALUE, WANT_VALUE_OR_END, WANT_KEY, WANT_KEY_OR_END, WANT_COMMA_OR_END };

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    struct violations *violations;
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
    size_t values;
    json_t *root;
    enum status status;
};

/* Where the value under way is. `inside`: how many levels of the path to tell. */
static struct str pointer_write(const struct parser *parser, size_t inside, char *out) {
    size_t len = 0;
    for (size_t i = 0; i < inside; i++) {
        const struct level *level = &parser->levels[i];
        char digits[24];
        struct str token = level->key;
        if (json_is_array(level->container))
            token = str_from(digits, (size_t)snprintf(digits, sizeof digits, "%zu", level->index));
        if (token.len >= POINTER_MAX || len + POINTER_TOKEN_MAX(token.len) > POINTER_MAX)
            break;
        len += pointer_put(out + len, token);
    }
    return str_from(out, len);
}

/* A violation at the value (or name) under way; the parse goes on. */
static void report(struct parser *parser, size_t inside, const char *code, struct str param0,
                   struct str param1) {
    char pointer[POINTER_MAX];
    struct str where = pointer_write(parser, inside, pointer);
    violations_add(parser->violations, where, code, param0, param1);
    parser->status = STATUS_INVALID;
}

/* The same, with its line and column, and nothing after it can be understood. Always false. */
static bool stop_inside(struct parser *parser, size_t inside, const char *code, size_t at) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        unsigned char c = (unsigned char)parser->text.ptr[i];
        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xC0) != 0x80) { /* characters, not bytes */
            column++;
        }
    }
    char lines[24], columns[24];
    (void)snprintf(lines, sizeof lines, "%zu", line);
    (void)snprintf(columns, sizeof columns, "%zu", column);
    report(parser, inside, code, str_of(lines), str_of(columns));
    return false;
}

static bool stop(struct parser *parser, const char *code, size_t at) {
    return stop_inside(parser, parser->depth, code, at);
}

static bool syntax_error(struct parser *parser, size_t at) {
    return stop_inside(parser, 0, "invalid_json", at);
}

static bool no_memory(struct parser *parser) {
    parser->status = STATUS_NO_MEMORY;
    return false;
}

static void skip_space(struct parser *parser) {
    while (parser->at < parser->text.len) {
        char c = parser->text.ptr[parser->at];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            return;
        parser->at++;
    }
}

/* The next byte, or -1 at the end. */
static int peek(const struct parser *parser) {
    return parser->at < parser->text.len ? (unsigned char)parser->text.ptr[parser->at] : -1;
}

/* Finds the closing quote; at is after the opening one. */
static bool string_span(struct parser *parser, size_t inside, struct str *raw, bool *escaped) {
    const unsigned char *text = (const unsigned char *)parser->text.ptr;
    size_t start = parser->at, at = start;
    bool high = false;
    *escaped = false;
    for (; at < parser->text.len && text[at] != '"'; at++) {
        if (text[at] < 0x20)
            return syntax_error(parser, at);
        high |= text[at] >= 0x80;
        if (text[at] == '\\') {
            *escaped = true;
            at++;
        }
    }
    if (at >= parser->text.len)
        return syntax_error(parser, parser->text.len);
    *raw = str_from(parser->text.ptr + start, at - start);
    parser->at = at + 1;
    if (high && !str_is_utf8(*raw))
        return stop_inside(parser, inside, "encoding", start);
    return true;
}

/* A string whose opening quote is next, unescaped (into the arena where needed). */
static bool read_string(struct parser *parser, size_t inside, struct str *out) {
    bool escaped = false;
    size_t start = ++parser->at;
    if (!string_span(parser, inside, out, &escaped))
        return false;
    if (!escaped)
        return true;
    struct str raw = *out;
    char *text = arena_alloc(parser->arena, raw.len);
    if (text == NULL)
        return no_memory(parser);
    unsigned faults = 0;
    size_t len = 0, bad = 0;
    if (!json_string_unescape(raw, text, &len, &faults, &bad))
        return syntax_error(parser, start + bad);
    if ((faults & JSON_STRING_NUL) != 0)
        report(parser, inside, "nul_character", STR_NONE, STR_NONE);
    if ((faults & JSON_STRING_SURROGATE) != 0)
        report(parser, inside, "encoding", STR_NONE, STR_NONE);
    *out = str_from(text, len);
    return true;
}

/* Puts a finished or just opened value where it belongs; takes the reference. */
static bool attach(struct parser *parser, json_t *value) {
    if (value == NULL)
        return no_memory(parser);
    if (parser->depth == 0) {
        parser->root = value;
        return true;
    }
    struct level *level = &parser->levels[parser->depth - 1];
    int failed = json_is_array(level->container)
                     ? json_array_append_new(level->container, value)
                     : json_object_setn_new_nocheck(level->container, level->key.ptr,
                                                    level->key.len, value);
    return failed == 0 ? true : no_memory(parser);
}

static bool open_container(struct parser *parser, bool object, enum wanted *next) {
    if (parser->depth == JSON_DEPTH_MAX)
        return stop(parser, "too_deep", parser->at);
    json_t *container = object ? json_object() : json_array();
    if (!attach(parser, container))
        return false;
    parser->levels[parser->depth++] = (struct level){.container = container, .key = STR("")};
    parser->at++;
    *next = object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    return true;
}

static bool read_number(struct parser *parser) {
    bool integral = false, in_range = true;
    struct str rest = str_from(parser->text.ptr + parser->at, parser->text.len - parser->at);
    size_t len = json_number_scan(rest, &integral);
    if (len == 0)
        return syntax_error(parser, parser->at);
    json_t *number = json_number_make(str_from(rest.ptr, len), integral, &in_range);
    if (!in_range) {
        report(parser, parser->depth, "number_range", STR_NONE, STR_NONE);
        number = json_null();
    }
    parser->at += len;
    return attach(parser, number);
}

static bool read_word(struct parser *parser, struct str word, json_t *value) {
    struct str rest = str_from(parser->text.ptr + parser->at, parser->text.len - parser->at);
    if (!str_starts_with(rest, word))
        return syntax_error(parser, parser->at);
    parser->at += word.len;
    return attach(parser, value);
}

static bool read_value(struct parser *parser, enum wanted *next) {
    *next = WANT_COMMA_OR_END;
    if (++parser->values > JSON_VALUES_MAX)
        return stop(parser, "too_complex", parser->at);
    struct str text = STR_NONE;
    switch (peek(parser)) {
    case '{': return open_container(parser, true, next);
    case '[': return open_container(parser, false, next);
    case '"':
        return read_string(parser, parser->depth, &text) &&
               attach(parser, json_stringn_nocheck(text.ptr, text.len));
    case 't': return read_word(parser, STR("true"), json_true());
    case 'f': return read_word(parser, STR("false"), json_false());
    case 'n': return read_word(parser, STR("null"), json_null());
    default: return read_number(parser);
    }
}

static bool read_key(struct parser *parser, enum wanted *next) {
    struct level *level = &parser->levels[parser->depth - 1];
    if (peek(parser) != '"')
        return syntax_error(parser, parser->at);
    level->key = STR("");
    if (!read_string(parser, parser->depth - 1, &level->key))
        return false;
    if (json_object_getn(level->container, level->key.ptr, level->key.len) != NULL) {
        struct str name = level->key.len <= POINTER_MAX ? level->key : STR_NONE;
        report(parser, parser->depth, "duplicate_key", name, STR_NONE);
    }
    skip_space(parser);
    if (peek(parser) != ':')
        return syntax_error(parser, parser->at);
    parser->at++;
    *next = WANT_VALUE;
    return true;
}

/* After a value: the next member or item, or the end of the container. */
static bool read_separator(struct parser *parser, enum wanted *next) {
    struct level *level = &parser->levels[parser->depth - 1];
    bool array = json_is_array(level->container);
    int c = peek(parser);
    if (c == ',') {
        level->index++;
        *next = array ? WANT_VALUE : WANT_KEY;
    } else if (c == (array ? ']' : '}')) {
        parser->depth--;
        *next = WANT_COMMA_OR_END;
    } else {
        return syntax_error(parser, parser->at);
    }
    parser->at++;
    return true;
}

static bool parse(struct parser *parser) {
    enum wanted wanted = WANT_VALUE;
    bool ok;
    do {
        skip_space(parser);
        int c = peek(parser);
        bool at_end = (wanted == WANT_VALUE_OR_END && c == ']') ||
                      (wanted == WANT_KEY_OR_END && c == '}');
        if (at_end || wanted == WANT_COMMA_OR_END)
            ok = read_separator(parser, &wanted);
        else if (wanted == WANT_KEY || wanted == WANT_KEY_OR_END)
            ok = read_key(parser, &wanted);
        else
            ok = read_value(parser, &wanted);
    } while (ok && !(parser->depth == 0 && wanted == WANT_COMMA_OR_END));
    if (!ok)
        return false;
    skip_space(parser);
    return parser->at == parser->text.len ? true : syntax_error(parser, parser->at);
}

static void release(void *json) { json_decref(json); }

enum status contract_parse_json(struct str body, struct arena *arena, struct violations *violations,
                                json_t **out) {
    struct parser parser = {.text = body, .arena = arena, .violations = violations};
    bool ok = parse(&parser);
    assert(ok || parser.status != STATUS_OK);
    if (parser.status != STATUS_OK) {
        json_decref(parser.root);
        return violations->first == NULL ? STATUS_NO_MEMORY : parser.status;
    }
    enum status status = arena_defer(arena, release, parser.root);
    if (status == STATUS_OK)
        *out = parser.root;
    return status;
}

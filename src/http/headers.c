/* Names of request header fields and the syntax of names and values (RFC 9110 sections 5.1, 5.5
 * and 5.6.2). */
#include "headers.h"

#define TEXT(literal)                                                                              \
    { (literal), sizeof(literal) - 1 } /* STR is no constant initializer */

static const struct {
    struct str name;
    bool single;
} table[HEADER_COUNT] = {
    [HEADER_ACCEPT] = {STR_INIT("Accept"), false},
    [HEADER_ACCEPT_ENCODING] = {STR_INIT("Accept-Encoding"), false},
    [HEADER_ACCEPT_LANGUAGE] = {STR_INIT("Accept-Language"), false},
    [HEADER_CORS_HEADERS] = {STR_INIT("Access-Control-Request-Headers"), false},
    [HEADER_CORS_METHOD] = {STR_INIT("Access-Control-Request-Method"), true},
    [HEADER_AUTHORIZATION] = {STR_INIT("Authorization"), true},
    [HEADER_CONNECTION] = {STR_INIT("Connection"), false},
    [HEADER_CONTENT_ENCODING] = {STR_INIT("Content-Encoding"), false},
    [HEADER_CONTENT_LENGTH] = {STR_INIT("Content-Length"), true},
    [HEADER_CONTENT_TYPE] = {STR_INIT("Content-Type"), true},
    [HEADER_EXPECT] = {STR_INIT("Expect"), true},
    [HEADER_FORWARDED] = {STR_INIT("Forwarded"), false},
    [HEADER_HOST] = {STR_INIT("Host"), true},
    [HEADER_IDEMPOTENCY_KEY] = {STR_INIT("Idempotency-Key"), true},
    [HEADER_IF_MATCH] = {STR_INIT("If-Match"), false},
    [HEADER_IF_MODIFIED_SINCE] = {STR_INIT("If-Modified-Since"), true},
    [HEADER_IF_NONE_MATCH] = {STR_INIT("If-None-Match"), false},
    [HEADER_IF_RANGE] = {STR_INIT("If-Range"), true},
    [HEADER_IF_UNMODIFIED_SINCE] = {STR_INIT("If-Unmodified-Since"), true},
    [HEADER_ORIGIN] = {STR_INIT("Origin"), true},
    [HEADER_PREFER] = {STR_INIT("Prefer"), false},
    [HEADER_RANGE] = {STR_INIT("Range"), true},
    [HEADER_TRACEPARENT] = {STR_INIT("traceparent"), false},
    [HEADER_TRANSFER_ENCODING] = {STR_INIT("Transfer-Encoding"), true},
    [HEADER_X_FORWARDED_FOR] = {STR_INIT("X-Forwarded-For"), false},
    [HEADER_X_REQUEST_ID] = {STR_INIT("X-Request-Id"), false},
};

enum header header_find(struct str name) {
    if (name.len == 0)
        return HEADER_OTHER;
    char first = (char)(name.ptr[0] | 0x20);
    for (unsigned i = 0; i < HEADER_COUNT; i++)
        if (table[i].name.len == name.len && (table[i].name.ptr[0] | 0x20) == first &&
            str_eq_nocase(table[i].name, name))
            return (enum header)i;
    return HEADER_OTHER;
}

struct str header_name(enum header header) {
    return header < HEADER_COUNT ? table[header].name : STR_NONE;
}

bool header_is_single(enum header header) { return header < HEADER_COUNT && table[header].single; }

/* One bit a byte: the characters of a token, "!" / "#" / ... / DIGIT / ALPHA. */
static const uint32_t token_bits[8] = {0, 0x03FF6CFA, 0xC7FFFFFE, 0x57FFFFFF, 0, 0, 0, 0};

bool is_token(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((token_bits[c >> 5] >> (c & 31) & 1) == 0)
            return false;
    }
    return s.len > 0;
}

bool is_field_value(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

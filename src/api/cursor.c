/* Page cursors: the keyset of the last row, signed together with the operation, its filters and
 * (for private lists) the caller, so that a cursor of another query or another person is refused
 * rather than misread. base64url(mac, key).
 */
#include <sodium.h>

#include "internal.h"

#define MAC_BYTES 16
#define KEY_MAX 1400 /* in base64 within the contract's maxLength, with the mac */

static void feed(crypto_generichash_state *state, struct str s) {
    uint64_t len = s.len;
    (void)crypto_generichash_update(state, (const unsigned char *)&len, sizeof len);
    (void)crypto_generichash_update(state, (const unsigned char *)s.ptr, s.len);
}

static bool is_paging(struct str name) {
    return str_eq(name, STR("cursor")) || str_eq(name, STR("limit"));
}

static void sign(const struct api_call *call, const struct key *with, struct str key,
                 unsigned char mac[MAC_BYTES]) {
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key_subkey(with, SUBKEY_CURSOR), KEYS_SUBKEY_BYTES,
                                  MAC_BYTES);
    feed(&state, call->operation->id);
    if (call->operation->cache != CACHE_PUBLIC || call->authenticated)
        feed(&state, str_of(call->principal.account_id));
    for (size_t i = 0; i < call->operation->parameters_count; i++) {
        const struct parameter_value *value = &call->parameters.values[i];
        if (!value->present || is_paging(call->operation->parameters[i].name) ||
            call->operation->parameters[i].place == IN_HEADER)
            continue;
        feed(&state, call->operation->parameters[i].name);
        feed(&state, value->text);
        for (size_t item = 0; item < value->items_count; item++)
            feed(&state, value->items[item]);
    }
    feed(&state, key);
    (void)crypto_generichash_final(&state, mac, MAC_BYTES);
}

/* A cursor given under a former master key is as good. */
static bool is_signed(const struct api_call *call, struct str key,
                      const unsigned char mac[MAC_BYTES]) {
    unsigned char expected[MAC_BYTES];
    for (size_t i = 0; i < call->keys->count; i++) {
        sign(call, keys_nth(call->keys, i), key, expected);
        if (sodium_memcmp(expected, mac, MAC_BYTES) == 0)
            return true;
    }
    return false;
}

static void refuse(struct api_call *call) {
    struct parameter_violation violation = {
        .place = IN_QUERY, .name = STR("cursor"), .violation = {.code = "invalid_cursor"}};
    struct http_problem problem = {.code = "invalid_cursor", .parameter_violations = &violation};
    http_problem_send(call->request, &problem);
}

bool cursor_read(struct api_call *call, struct str *out) {
    struct str text = api_parameter(call, "cursor");
    *out = STR_NONE;
    if (str_is_none(text))
        return true;
    unsigned char *raw = arena_alloc(call->arena, MAC_BYTES + KEY_MAX + 1);
    size_t len = 0;
    if (raw == NULL) {
        api_fail(call, STATUS_NO_MEMORY);
        return false;
    }
    if (sodium_base642bin(raw, MAC_BYTES + KEY_MAX, text.ptr, text.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
        len > MAC_BYTES) {
        raw[len] = '\0';
        *out = str_from((const char *)raw + MAC_BYTES, len - MAC_BYTES);
        if (is_signed(call, *out, raw))
            return true;
    }
    refuse(call);
    return false;
}

struct str cursor_make(struct api_call *call, struct str next_key) {
    unsigned char raw[MAC_BYTES + KEY_MAX];
    if (next_key.len > KEY_MAX)
        return STR_NONE;
    sign(call, call->key, next_key, raw);
    memcpy(raw + MAC_BYTES, next_key.ptr, next_key.len);
    size_t size = sodium_base64_ENCODED_LEN(MAC_BYTES + next_key.len,
                                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(call->arena, size);
    if (text == NULL)
        return STR_NONE;
    (void)sodium_bin2base64(text, size, raw, MAC_BYTES + next_key.len,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(text);
}

/* Bytes that no URI may hold (RFC 3986, appendix A) but a request line can: a ">" would end the
 * link, and what follows would be read as another. */
static void append_uri(struct buf *link, struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= 0x20 || c >= 0x7F || strchr("\"<>\\^`{|}", c) != NULL)
            buf_printf(link, "%%%02X", c);
        else
            buf_append_char(link, (char)c);
    }
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "cursor=...", the name percent-encoded or not. */
static bool is_cursor(struct str part) {
    struct str name = str_from(part.ptr, str_find(part, '='));
    const struct str wanted = STR("cursor");
    size_t at = 0;
    for (size_t i = 0; i < name.len; i++, at++) {
        char c = name.ptr[i];
        if (c == '%' && name.len - i > 2) {
            c = (char)(hex_value(name.ptr[i + 1]) * 16 + hex_value(name.ptr[i + 2]));
            i += 2;
        }
        if (at == wanted.len || c != wanted.ptr[at])
            return false;
    }
    return at == wanted.len;
}

/* The request's own query with the cursor replaced. What is kept is what the client sent. */
struct str cursor_link(struct api_call *call, struct str cursor) {
    struct buf link;
    buf_init(&link, 16384);
    buf_append_char(&link, '<');
    append_uri(&link, http_request_path(call->request));
    buf_append_char(&link, '?');
    struct str rest = http_request_query(call->request), part;
    while (str_split(&rest, '&', &part))
        if (part.len > 0 && !is_cursor(part)) {
            append_uri(&link, part);
            buf_append_char(&link, '&');
        }
    buf_append_text(&link, "cursor=");
    buf_append(&link, cursor);
    buf_append_text(&link, ">; rel=\"next\"");
    char *text = buf_status(&link) == STATUS_OK ? arena_strdup(call->arena, buf_str(&link)) : NULL;
    struct str out = text == NULL ? STR_NONE : str_from(text, link.len);
    buf_deinit(&link);
    return out;
}

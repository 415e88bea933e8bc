/* uri, uri-reference (RFC 3986), iri, iri-reference (RFC 3987: the same with characters beyond
 * ASCII) and uri-template (RFC 6570).
 */
#include "schema_internal.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

static bool is_one_of(char c, const char *set) { return c != '\0' && strchr(set, c) != NULL; }

static bool is_escape(struct str s, size_t at) {
    return s.ptr[at] == '%' && at + 2 < s.len && is_hex(s.ptr[at + 1]) && is_hex(s.ptr[at + 2]);
}

/* Unreserved characters, sub-delims, escapes and what `more` adds. */
static bool characters_hold(struct str s, const char *more, bool wide) {
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            if (!is_escape(s, i)) {
                return false;
            }
            i += 2;
        } else if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "-._~!$&'()*+,;=") &&
                   !is_one_of(c, more) && !(wide && (c & 0x80) != 0)) {
            return false;
        }
    }
    return true;
}

/* "[" IPv6address or IPvFuture "]" */
static bool ip_literal_holds(struct str s) {
    if (s.len > 1 && (s.ptr[0] | 0x20) == 'v') {
        size_t dot = str_find(s, '.');
        for (size_t i = 1; i < dot; i++) {
            if (!is_hex(s.ptr[i])) {
                return false;
            }
        }
        return dot > 1 && dot + 1 < s.len && str_find(s, '%') == s.len &&
               characters_hold(str_from(s.ptr + dot + 1, s.len - dot - 1), ":", false);
    }
    return format_ipv6(s);
}

static bool authority_holds(struct str s, bool wide) {
    size_t at = str_find(s, '@');
    if (at < s.len) {
        if (!characters_hold(str_from(s.ptr, at), ":", wide)) {
            return false;
        }
        s = str_from(s.ptr + at + 1, s.len - at - 1);
    }
    size_t host = 0;
    bool ok = true;
    if (s.len > 0 && s.ptr[0] == '[') {
        size_t end = str_find(s, ']');
        ok = end < s.len && ip_literal_holds(str_from(s.ptr + 1, end - 1));
        host = end + 1;
    } else {
        host = str_find(s, ':');
        ok = characters_hold(str_from(s.ptr, host), "", wide);
    }
    if (!ok || host >= s.len) {
        return ok;
    }
    ok = s.ptr[host] == ':';
    for (size_t i = host + 1; ok && i < s.len; i++) {
        ok = is_digit(s.ptr[i]);
    }
    return ok;
}

/* Takes the scheme and its colon off `rest`. */
static bool scheme_take(struct str *rest) {
    size_t colon = str_find(*rest, ':');
    if (colon == rest->len || colon == 0 || !is_alpha(rest->ptr[0])) {
        return false;
    }
    for (size_t i = 1; i < colon; i++) {
        char c = rest->ptr[i];
        if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "+-.")) {
            return false;
        }
    }
    *rest = str_from(rest->ptr + colon + 1, rest->len - colon - 1);
    return true;
}

/* Cuts off what follows the first `separator`, if there is one. */
static struct str tail_take(struct str *s, char separator) {
    size_t at = str_find(*s, separator);
    struct str tail = at < s->len ? str_from(s->ptr + at + 1, s->len - at - 1) : STR_NONE;
    s->len = at;
    return tail;
}

static bool hierarchy_holds(struct str s, bool has_scheme, bool wide) {
    if (str_starts_with(s, STR("//"))) {
        struct str authority = str_from(s.ptr + 2, s.len - 2);
        size_t slash = str_find(authority, '/');
        return authority_holds(str_from(authority.ptr, slash), wide) &&
               characters_hold(str_from(authority.ptr + slash, authority.len - slash), ":@/", wide);
    }
    size_t colon = str_find(s, ':');
    if (!has_scheme && colon < str_find(s, '/')) {
        return false; /* a relative path's first segment has no colon */
    }
    return characters_hold(s, ":@/", wide);
}

static bool reference_holds(struct str s, bool need_scheme, bool wide) {
    struct str rest = s.ptr == NULL ? STR("") : s;
    struct str fragment = tail_take(&rest, '#');
    struct str query = tail_take(&rest, '?');
    bool has_scheme = scheme_take(&rest);
    return (has_scheme || !need_scheme) && characters_hold(fragment, ":@/?", wide) &&
           characters_hold(query, ":@/?", wide) && hierarchy_holds(rest, has_scheme, wide);
}

bool format_uri(struct str s) { return reference_holds(s, true, false); }

bool format_uri_reference(struct str s) { return reference_holds(s, false, false); }

bool format_iri(struct str s) { return reference_holds(s, true, true); }

bool format_iri_reference(struct str s) { return reference_holds(s, false, true); }

/* name, with single dots inside, then ":n" or "*" */
static bool variable_holds(struct str s) {
    size_t at = 0;
    bool after_dot = true;
    while (at < s.len) {
        char c = s.ptr[at];
        if (c == '%' && is_escape(s, at)) {
            at += 2;
        } else if (c == '.' ? after_dot : !is_alpha(c) && !is_digit(c) && c != '_') {
            break;
        }
        after_dot = c == '.';
        at++;
    }
    if (at == 0 || after_dot) {
        return false;
    }
    struct str rest = str_from(s.ptr + at, s.len - at);
    if (rest.len == 0 || str_eq(rest, STR("*"))) {
        return true;
    }
    uint64_t length = 0;
    return rest.ptr[0] == ':' && rest.len > 1 && rest.ptr[1] != '0' &&
           str_to_u64(str_from(rest.ptr + 1, rest.len - 1), 9999, &length) == STATUS_OK;
}

static bool expression_holds(struct str s) {
    if (s.len > 0 && is_one_of(s.ptr[0], "+#./;?&")) {
        s = str_from(s.ptr + 1, s.len - 1);
    }
    struct str rest = s, variable;
    while (str_split(&rest, ',', &variable)) {
        if (!variable_holds(variable)) {
            return false;
        }
    }
    return s.len > 0;
}

bool format_uri_template(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '{') {
            struct str rest = str_from(s.ptr + i + 1, s.len - i - 1);
            size_t end = str_find(rest, '}');
            if (end == rest.len || !expression_holds(str_from(rest.ptr, end))) {
                return false;
            }
            i += end + 1;
        } else if (c <= ' ' || c == 127 || is_one_of((char)c, "\"<>\\^`|}") ||
                   (c == '%' && !is_escape(s, i))) {
            return false;
        }
    }
    return true;
}

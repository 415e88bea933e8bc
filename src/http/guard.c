/* The checks of guard.h, each as small as the rule it stands for. The order matters only where one
 * message breaks several rules: framing first, since nothing after a doubtful length can be
 * trusted. */
#include "guard.h"

static struct guard_verdict refuse(const char *code) {
    return (struct guard_verdict){.code = code};
}

static struct guard_verdict refuse_field(enum header header, const char *violation) {
    return (struct guard_verdict){
        .code = "malformed_request", .header = header_name(header), .violation = violation};
}

static bool is_digits(struct str s) {
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* unreserved / sub-delims / pct-encoded (RFC 3986 section 3.2.2) */
static bool is_reg_name(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            if (s.len - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2]))
                return false;
            i += 2;
        } else if (
            c == '\0' ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=",
                   c) == NULL) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_ip_literal(struct str s) {
    if (s.len < 4 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
        return false;
    for (size_t i = 1; i < s.len - 1; i++)
        if (!is_hex(s.ptr[i]) && s.ptr[i] != ':' && s.ptr[i] != '.')
            return false;
    return true;
}

bool guard_is_authority(struct str s) {
    if (s.len == 0 || s.len > 255)
        return false;
    size_t host = s.len;
    for (size_t i = s.len; i-- > 0;) {
        if (s.ptr[i] == ']')
            break;
        if (s.ptr[i] == ':') {
            host = i;
            break;
        }
    }
    struct str port = host < s.len ? str_from(s.ptr + host + 1, s.len - host - 1) : STR_NONE;
    if (port.len > 5 || (port.len > 0 && !is_digits(port)))
        return false;
    struct str name = str_from(s.ptr, host);
    return is_ip_literal(name) || is_reg_name(name);
}

/* HTTP/1.1 is spoken; 1.0 is understood. Anything else of major version 1 was made up. */
static bool version_is(struct str version, char minor) {
    return version.len == 8 && memcmp(version.ptr, "HTTP/1.", 7) == 0 && version.ptr[7] == minor;
}

static struct guard_verdict check_fields(const struct guard_head *head) {
    if (head->bad_field)
        return refuse("malformed_request");
    for (unsigned i = 0; i < HEADER_COUNT; i++)
        if (head->headers->count[i] > 1 && header_is_single((enum header)i))
            return refuse_field((enum header)i, "repeated_parameter");
    return (struct guard_verdict){0};
}

static struct guard_verdict check_framing(const struct guard_head *head) {
    const struct header_values *headers = head->headers;
    struct str coding = headers->first[HEADER_TRANSFER_ENCODING];
    struct str length = headers->first[HEADER_CONTENT_LENGTH];
    if (!str_is_none(coding)) {
        if (!str_eq_nocase(coding, STR("chunked")))
            return refuse_field(HEADER_TRANSFER_ENCODING, "enum");
        if (!str_is_none(length) || version_is(head->version, '0'))
            return refuse_field(HEADER_TRANSFER_ENCODING, "false_schema");
    }
    if (!str_is_none(length) && !is_digits(length))
        return refuse_field(HEADER_CONTENT_LENGTH, "pattern");
    return (struct guard_verdict){0};
}

static struct guard_verdict check_host(const struct guard_head *head) {
    struct str host = head->headers->first[HEADER_HOST];
    if (str_is_none(host)) {
        if (version_is(head->version, '0'))
            return (struct guard_verdict){0};
        return refuse_field(HEADER_HOST, "required");
    }
    return guard_is_authority(host) ? (struct guard_verdict){0}
                                    : refuse_field(HEADER_HOST, "format");
}

static struct guard_verdict check_method(const struct guard_head *head) {
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    if (!is_token(head->method))
        return refuse("malformed_request");
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(head->method, str_of(known[i])))
            return (struct guard_verdict){0};
    return refuse(str_eq(head->method, STR("TRACE")) ? "method_not_allowed" : "not_implemented");
}

static struct guard_verdict check_expect(const struct guard_head *head) {
    struct str expect = head->headers->first[HEADER_EXPECT];
    if (str_is_none(expect) || str_eq_nocase(expect, STR("100-continue")))
        return (struct guard_verdict){0};
    return refuse("expectation_failed");
}

/* Bodies are taken as they are: no coding is undone, so none may be applied. */
static struct guard_verdict check_coding(const struct guard_head *head) {
    struct str coding = head->headers->first[HEADER_CONTENT_ENCODING];
    if (str_is_none(coding) || (head->headers->count[HEADER_CONTENT_ENCODING] == 1 &&
                                str_eq_nocase(coding, STR("identity"))))
        return (struct guard_verdict){0};
    return refuse("unsupported_media_type");
}

/* http://authority/path: accepted for our own authority, which is what Host says (RFC 9112
 * section 3.2.2). */
static struct guard_verdict strip_authority(const struct guard_head *head, size_t scheme_len) {
    struct str rest = str_from(head->target.ptr + scheme_len, head->target.len - scheme_len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    struct str authority = str_from(rest.ptr, end);
    if (!guard_is_authority(authority))
        return refuse("malformed_request");
    if (!str_eq_nocase(authority, head->headers->first[HEADER_HOST]))
        return refuse("malformed_request");
    struct str path = str_from(rest.ptr + end, rest.len - end);
    if (path.len == 0 || path.ptr[0] == '?')
        return refuse(
            "malformed_request"); /* an empty path would have to be rewritten; nobody sends it */
    return (struct guard_verdict){.path = path};
}

static struct guard_verdict check_target(const struct guard_head *head) {
    struct str target = head->target;
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.ptr[i];
        if (c <= 0x20 || c >= 0x7F || c == '#')
            return refuse("malformed_request");
    }
    struct guard_verdict verdict = {.path = target};
    if (target.len == 0)
        return refuse("malformed_request");
    if (str_eq(target, STR("*")))
        return str_eq(head->method, STR("OPTIONS")) ? verdict : refuse("malformed_request");
    if (target.ptr[0] != '/') {
        if (target.len > 7 && str_eq_nocase(str_from(target.ptr, 7), STR("http://")))
            verdict = strip_authority(head, 7);
        else if (target.len > 8 && str_eq_nocase(str_from(target.ptr, 8), STR("https://")))
            verdict = strip_authority(head, 8);
        else
            return refuse("malformed_request");
        if (verdict.code != NULL)
            return verdict;
    }
    size_t mark = str_find(verdict.path, '?');
    if (mark < verdict.path.len) {
        verdict.query = str_from(verdict.path.ptr + mark + 1, verdict.path.len - mark - 1);
        verdict.path.len = mark;
    }
    return verdict;
}

/* libmicrohttpd keeps an entry for each field and one for the query (handler.c) beside the text. */
static size_t memory_of(const struct guard_head *head) {
    return head->head_len + ((size_t)head->fields + 1) * 64;
}

struct guard_verdict guard_check(const struct guard_head *head) {
    if (!version_is(head->version, '1') && !version_is(head->version, '0'))
        return refuse("version_not_supported");
    struct guard_verdict (*const checks[])(const struct guard_head *) = {
        check_fields, check_framing, check_host, check_method, check_expect, check_coding};
    for (unsigned i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct guard_verdict verdict = checks[i](head);
        if (verdict.code != NULL)
            return verdict;
    }
    if (head->target.len > head->target_max)
        return refuse("uri_too_long");
    if (head->head_len > head->head_max || head->fields > head->fields_max ||
        memory_of(head) > head->memory_max)
        return refuse("headers_too_large");
    return check_target(head);
}

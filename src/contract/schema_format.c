/* "format" is asserted, not only noted. This file has the table of names and the short ones; an
 * unknown name is refused when the schema is compiled, so that a mistyped format cannot pass for a
 * checked one.
 */
#include "segreteria/core/uuid.h"

#include "schema_internal.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool format_uuid(struct str s) {
    struct uuid uuid;
    return uuid_parse(s, &uuid) == STATUS_OK;
}

/* RFC 6901 section 3 */
static bool format_json_pointer(struct str s) {
    if (s.len == 0) {
        return true;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '~' && (i + 1 == s.len || (s.ptr[i + 1] != '0' && s.ptr[i + 1] != '1'))) {
            return false;
        }
    }
    return s.ptr[0] == '/';
}

/* A number of levels up, then a pointer or '#' (draft-bhutton-relative-json-pointer). */
static bool format_relative_json_pointer(struct str s) {
    size_t digits = 0;
    while (digits < s.len && is_digit(s.ptr[digits])) {
        digits++;
    }
    if (digits == 0 || (digits > 1 && s.ptr[0] == '0')) {
        return false;
    }
    struct str rest = str_from(s.ptr + digits, s.len - digits);
    return str_eq(rest, STR("#")) || format_json_pointer(rest);
}

/* RFC 4648 section 4, with padding. */
static bool format_byte(struct str s) {
    size_t padding = 0;
    while (padding < 2 && padding < s.len && s.ptr[s.len - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i + padding < s.len; i++) {
        if (!is_alpha(s.ptr[i]) && !is_digit(s.ptr[i]) && s.ptr[i] != '+' && s.ptr[i] != '/') {
            return false;
        }
    }
    return s.len % 4 == 0;
}

/* The form of an ISO 4217 code; which codes there are changes with the world. */
static bool format_currency(struct str s) {
    bool ok = s.len == 3;
    for (size_t i = 0; ok && i < 3; i++) {
        ok = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z';
    }
    return ok;
}

/* BCP 47 language tags ------------------------------------------------------------------------ */

struct subtag {
    struct str text;
    bool alpha, digits; /* of letters only, of digits only */
};

static bool next_subtag(struct str *rest, struct subtag *subtag) {
    if (!str_split(rest, '-', &subtag->text)) {
        subtag->text = STR_NONE;
        return false;
    }
    subtag->alpha = subtag->digits = true;
    for (size_t i = 0; i < subtag->text.len; i++) {
        char c = subtag->text.ptr[i];
        subtag->alpha = subtag->alpha && is_alpha(c);
        subtag->digits = subtag->digits && is_digit(c);
        if (!is_alpha(c) && !is_digit(c)) {
            subtag->text.len = 0; /* of no subtag's length, hence refused */
            return true;
        }
    }
    return true;
}

static bool is_variant(const struct subtag *subtag) {
    size_t len = subtag->text.len;
    return (len >= 5 && len <= 8) || (len == 4 && is_digit(subtag->text.ptr[0]));
}

/* From a singleton on: extensions, then private use; each singleton is followed by one subtag at
 * least. */
static bool extensions_hold(struct str *rest, struct subtag *subtag, bool more) {
    while (more) {
        if (subtag->text.len != 1) {
            return false;
        }
        bool is_private = (subtag->text.ptr[0] | 0x20) == 'x';
        size_t least = is_private ? 1 : 2, count = 0;
        while ((more = next_subtag(rest, subtag)) && subtag->text.len >= least &&
               subtag->text.len <= 8) {
            count++;
        }
        if (count == 0 || (is_private && more)) {
            return false;
        }
    }
    return true;
}

/* RFC 5646 section 2.1, well-formed; the grandfathered tags are not taken. */
bool format_language_tag(struct str s) {
    struct str rest = s;
    struct subtag subtag;
    bool more = s.len > 0 && s.len <= 64 && next_subtag(&rest, &subtag);
    if (!more || !subtag.alpha) {
        return false;
    }
    size_t language = subtag.text.len;
    if (language == 1) {
        return (subtag.text.ptr[0] | 0x20) == 'x' && extensions_hold(&rest, &subtag, true);
    }
    if (language < 2 || language > 8) {
        return false;
    }
    more = next_subtag(&rest, &subtag);
    for (int i = 0; i < 3 && language <= 3 && more && subtag.text.len == 3 && subtag.alpha; i++) {
        more = next_subtag(&rest, &subtag); /* extended language */
    }
    if (more && subtag.text.len == 4 && subtag.alpha) {
        more = next_subtag(&rest, &subtag); /* script */
    }
    if (more &&
        ((subtag.text.len == 2 && subtag.alpha) || (subtag.text.len == 3 && subtag.digits))) {
        more = next_subtag(&rest, &subtag); /* region */
    }
    while (more && is_variant(&subtag)) {
        more = next_subtag(&rest, &subtag);
    }
    return extensions_hold(&rest, &subtag, more);
}

static const struct schema_format formats[] = {
    {"date-time", format_date_time, 0},
    {"date", format_date, 0},
    {"time", format_time, 0},
    {"duration", format_duration, 0},
    {"email", format_email, 0},
    {"idn-email", format_idn_email, 0},
    {"hostname", format_hostname, 0},
    {"ipv4", format_ipv4, 0},
    {"ipv6", format_ipv6, 0},
    {"cidr", format_cidr, 0},
    {"uri", format_uri, 0},
    {"uri-reference", format_uri_reference, 0},
    {"iri", format_iri, 0},
    {"iri-reference", format_iri_reference, 0},
    {"uri-template", format_uri_template, 0},
    {"uuid", format_uuid, 0},
    {"regex", schema_regex_is_valid, 0},
    {"json-pointer", format_json_pointer, 0},
    {"relative-json-pointer", format_relative_json_pointer, 0},
    {"language-tag", format_language_tag, 0},
    {"currency", format_currency, 0},
    {"byte", format_byte, 0},
    {"int32", NULL, 32},
    {"int64", NULL, 64},
    {"float", NULL, 0},
    {"double", NULL, 0},
    {"password", NULL, 0},
    {"binary", NULL, 0},
};

const struct schema_format *schema_format_find(struct str name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (str_eq(name, str_of(formats[i].name))) {
            return &formats[i];
        }
    }
    return NULL;
}

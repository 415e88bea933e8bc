/* Names and addresses: hostname, ipv4, ipv6, cidr, email. */
#include <arpa/inet.h>

#include "schema_internal.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool address_parse(int family, struct str s, unsigned char out[16]) {
    char text[INET6_ADDRSTRLEN + 1];
    if (s.len == 0 || str_find(s, '\0') < s.len || !str_copy(s, text, sizeof text)) {
        return false;
    }
    return inet_pton(family, text, out) == 1;
}

bool format_ipv4(struct str s) {
    unsigned char address[16];
    return address_parse(AF_INET, s, address);
}

bool format_ipv6(struct str s) {
    unsigned char address[16];
    return address_parse(AF_INET6, s, address);
}

/* An address, a slash and the length of the prefix; no bit set beyond it (as PostgreSQL's type cidr
 * asks). */
bool format_cidr(struct str s) {
    size_t slash = str_find(s, '/');
    if (slash == s.len) {
        return false;
    }
    struct str host = str_from(s.ptr, slash);
    struct str length = str_from(s.ptr + slash + 1, s.len - slash - 1);
    unsigned char address[16] = {0};
    uint64_t bits = str_find(host, ':') == host.len ? 32 : 128;
    uint64_t prefix = 0;
    bool plain = length.len == 1 || (length.len > 1 && length.ptr[0] != '0');
    if (!plain || !address_parse(bits == 32 ? AF_INET : AF_INET6, host, address) ||
        str_to_u64(length, bits, &prefix) != STATUS_OK) {
        return false;
    }
    for (uint64_t bit = prefix; bit < bits; bit++) {
        if ((address[bit / 8] & (0x80U >> (bit % 8))) != 0) {
            return false;
        }
    }
    return true;
}

/* RFC 1123 section 2.1: labels of letters, digits and inner hyphens. `wide` also takes any
 * non-ASCII character. */
static bool label_holds(struct str label, bool wide) {
    if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-') {
        return false;
    }
    bool ascii_label = label.len >= 4 && label.ptr[2] == '-' && label.ptr[3] == '-';
    if (ascii_label && !str_eq_nocase(str_from(label.ptr, 2), STR("xn"))) {
        return false; /* RFC 5891 section 4.2.3.1: reserved for encodings */
    }
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (!is_alpha(c) && !is_digit(c) && c != '-' && !(wide && (c & 0x80) != 0)) {
            return false;
        }
    }
    return true;
}

static bool host_holds(struct str s, bool wide) {
    struct str rest = s, label;
    if (s.len == 0 || s.len > 253) {
        return false;
    }
    while (str_split(&rest, '.', &label)) {
        if (!label_holds(label, wide)) {
            return false;
        }
    }
    return true;
}

bool format_hostname(struct str s) { return host_holds(s, false); }

/* RFC 5321 section 4.1.2, Dot-string: atoms with single dots between them. */
static bool dot_string_holds(struct str s, bool wide) {
    struct str rest = s, atom;
    while (str_split(&rest, '.', &atom)) {
        if (atom.len == 0) {
            return false;
        }
        for (size_t i = 0; i < atom.len; i++) {
            char c = atom.ptr[i];
            if (!is_alpha(c) && !is_digit(c) &&
                (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL) &&
                !(wide && (c & 0x80) != 0)) {
                return false;
            }
        }
    }
    return true;
}

static bool quoted_string_holds(struct str s, bool wide) {
    for (size_t i = 1; i + 1 < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '\\') {
            i++;
            c = (unsigned char)s.ptr[i];
            if (i + 1 >= s.len) {
                return false;
            }
        } else if (c == '"') {
            return false;
        }
        if (c < 32 || c == 127 || (c > 127 && !wide)) {
            return false;
        }
    }
    return s.len >= 2 && s.ptr[s.len - 1] == '"';
}

static bool email_domain_holds(struct str s, bool wide) {
    if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') {
        struct str address = str_from(s.ptr + 1, s.len - 2);
        if (address.len > 5 && str_eq_nocase(str_from(address.ptr, 5), STR("IPv6:"))) {
            return format_ipv6(str_from(address.ptr + 5, address.len - 5));
        }
        return format_ipv4(address);
    }
    return host_holds(s, wide);
}

static bool email_holds(struct str s, bool wide) {
    size_t at = s.len;
    while (at > 0 && s.ptr[at - 1] != '@') {
        at--;
    }
    if (at < 2 || s.len > 254 || at - 1 > 64) {
        return false;
    }
    struct str local = str_from(s.ptr, at - 1);
    struct str domain = str_from(s.ptr + at, s.len - at);
    bool local_ok = local.ptr[0] == '"' ? quoted_string_holds(local, wide)
                                        : dot_string_holds(local, wide);
    return local_ok && email_domain_holds(domain, wide);
}

bool format_email(struct str s) { return email_holds(s, false); }

bool format_idn_email(struct str s) { return email_holds(s, true); }

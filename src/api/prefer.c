/* The Prefer field (RFC 7240): of all preferences only `return` has a meaning here. */
#include "internal.h"

/* The part of the list up to the separator, which may not stand inside quotes. */
static struct str until(struct str *rest, char separator) {
    size_t at = 0;
    for (bool quoted = false; at < rest->len && (quoted || rest->ptr[at] != separator); at++) {
        if (quoted && rest->ptr[at] == '\\' && at + 1 < rest->len)
            at++;
        else if (rest->ptr[at] == '"')
            quoted = !quoted;
    }
    struct str part = str_from(rest->ptr, at);
    size_t taken = at < rest->len ? at + 1 : at;
    *rest = str_from(rest->ptr + taken, rest->len - taken);
    return part;
}

static struct str unquoted(struct str value) {
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        return str_from(value.ptr + 1, value.len - 2);
    return value;
}

enum api_return prefer_return(struct str list) {
    while (list.len > 0) {
        struct str preference = until(&list, ',');
        struct str pair = until(&preference, ';'); /* what follows are its parameters */
        struct str name = str_trim(until(&pair, '='));
        if (!str_eq_nocase(name, STR("return")))
            continue;
        struct str value = unquoted(str_trim(pair)); /* only the first of a name counts */
        return str_eq_nocase(value, STR("minimal"))          ? RETURN_MINIMAL
               : str_eq_nocase(value, STR("representation")) ? RETURN_REPRESENTATION
                                                             : RETURN_UNSAID;
    }
    return RETURN_UNSAID;
}

/* Which of an operation's request bodies a Content-Type names (RFC 9110 section 8.3). */
#include "segreteria/contract/contract.h"

/* One ";name=value"; the value may be a quoted string. False: not well-formed. */
static bool parameter_next(struct str *rest, struct str *name, struct str *value) {
    size_t equals = str_find(*rest, '=');
    if (equals == rest->len)
        return false;
    *name = str_trim(str_from(rest->ptr, equals));
    struct str after = str_from(rest->ptr + equals + 1, rest->len - equals - 1);
    size_t end;
    if (after.len > 0 && after.ptr[0] == '"') {
        for (end = 1; end < after.len && after.ptr[end] != '"'; end++)
            if (after.ptr[end] == '\\')
                end++;
        if (end >= after.len)
            return false;
        *value = str_from(after.ptr + 1, end - 1);
        after = str_trim(str_from(after.ptr + end + 1, after.len - end - 1));
        if (after.len > 0 && after.ptr[0] != ';')
            return false;
        end = 0;
    } else {
        end = str_find(after, ';');
        *value = str_trim(str_from(after.ptr, end));
    }
    *rest = end >= after.len ? STR_NONE : str_from(after.ptr + end + 1, after.len - end - 1);
    return name->len > 0;
}

/* What is sent as JSON or text is UTF-8; a client that says otherwise is not guessed at. */
static bool parameters_fit(struct str rest) {
    struct str name, value;
    while (!str_is_none(rest)) {
        if (str_trim(rest).len == 0)
            return true; /* "application/json;" is seen in the wild */
        if (!parameter_next(&rest, &name, &value))
            return false;
        if (str_eq_nocase(name, STR("charset")) && !str_eq_nocase(value, STR("utf-8")))
            return false;
    }
    return true;
}

/* The contract's side may be a range: "image/" + "*" or "*" + "/" + "*". */
static bool type_fits(struct str range, struct str type) {
    if (str_eq_nocase(range, type) || str_eq(range, STR("*/*")))
        return true;
    if (!str_ends_with(range, STR("/*")))
        return false;
    size_t prefix = range.len - 1;
    return type.len > prefix &&
           str_eq_nocase(str_from(range.ptr, prefix), str_from(type.ptr, prefix));
}

const struct contract_body *contract_body_find(const struct operation *operation,
                                               struct str content_type) {
    size_t end = str_find(content_type, ';');
    struct str type = str_trim(str_from(content_type.ptr, end));
    struct str rest = end == content_type.len
                          ? STR_NONE
                          : str_from(content_type.ptr + end + 1, content_type.len - end - 1);
    size_t slash = str_find(type, '/');
    if (slash == 0 || slash + 1 >= type.len || !parameters_fit(rest))
        return NULL;
    for (size_t i = 0; i < operation->bodies_count; i++)
        if (type_fits(operation->bodies[i].media_type, type))
            return &operation->bodies[i];
    return NULL;
}

/* "Firefox, Linux": what a person recognises a session by. The field itself is not kept: it would
 * say more of a person's machine than anybody needs. */
#include "internal.h"

struct mark {
    struct str found, name;
};

/* In this order: most browsers name the others, too. */
static const struct mark programs[] = {
    {STR_INIT("Edg"), STR_INIT("Edge")},         {STR_INIT("OPR/"), STR_INIT("Opera")},
    {STR_INIT("Firefox/"), STR_INIT("Firefox")}, {STR_INIT("FxiOS/"), STR_INIT("Firefox")},
    {STR_INIT("CriOS/"), STR_INIT("Chrome")},    {STR_INIT("Chrome/"), STR_INIT("Chrome")},
    {STR_INIT("Safari/"), STR_INIT("Safari")},
};
static const struct mark systems[] = {
    {STR_INIT("Windows"), STR_INIT("Windows")}, {STR_INIT("Android"), STR_INIT("Android")},
    {STR_INIT("iPhone"), STR_INIT("iOS")},      {STR_INIT("iPad"), STR_INIT("iOS")},
    {STR_INIT("CrOS"), STR_INIT("ChromeOS")},   {STR_INIT("Mac OS X"), STR_INIT("macOS")},
    {STR_INIT("Linux"), STR_INIT("Linux")},
};

static struct str find(struct str text, const struct mark *marks, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (text.len >= marks[i].found.len &&
            memmem(text.ptr, text.len, marks[i].found.ptr, marks[i].found.len) != NULL)
            return marks[i].name;
    return STR_NONE;
}

/* The first product's name (RFC 9110 section 10.1.5), as far as it is a plain word. */
static struct str product(struct str field) {
    size_t len = 0;
    while (len < field.len && len < 40 &&
           ((field.ptr[len] >= 'a' && field.ptr[len] <= 'z') ||
            (field.ptr[len] >= 'A' && field.ptr[len] <= 'Z') ||
            (field.ptr[len] >= '0' && field.ptr[len] <= '9') || field.ptr[len] == '-' ||
            field.ptr[len] == '_' || field.ptr[len] == '.'))
        len++;
    return len == 0 ? STR_NONE : str_from(field.ptr, len);
}

struct str client_summary(struct str user_agent, char out[CLIENT_SUMMARY_SIZE]) {
    if (str_is_none(user_agent))
        return STR_NONE;
    struct str program = find(user_agent, programs, sizeof programs / sizeof *programs);
    struct str system = find(user_agent, systems, sizeof systems / sizeof *systems);
    struct str name = str_is_none(program) ? product(user_agent) : program;
    int len = snprintf(out, CLIENT_SUMMARY_SIZE, "%.*s%s%.*s", STR_FMT(name),
                       name.len > 0 && system.len > 0 ? ", " : "", STR_FMT(system));
    return len <= 0 ? STR_NONE : str_from(out, (size_t)len);
}

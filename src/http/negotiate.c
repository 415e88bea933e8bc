/* Quality values as integers of thousandths; an element that is malformed is passed over, as RFC
 * 9110 leaves open. */
#include "negotiate.h"

#include "segreteria/http/reply.h"

/* The weight of "token;q=0.5;..." and the token itself; -1: malformed. */
static int parse_weight(struct str text) {
    text = str_trim(text);
    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1'))
        return -1;
    int weight = (text.ptr[0] - '0') * 1000, scale = 100;
    if (text.len > 1 && text.ptr[1] != '.')
        return -1;
    for (size_t i = 2; i < text.len; i++, scale /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        weight += (text.ptr[i] - '0') * scale;
    }
    return weight > 1000 ? -1 : weight;
}

/* Takes the next element of a list: its value without parameters, its weight, and whether it had
 * other parameters. */
static bool next_element(struct str *list, struct str *value, int *weight, bool *parameters) {
    struct str element;
    while (str_split(list, ',', &element)) {
        struct str rest = element, part;
        if (!str_split(&rest, ';', &part))
            continue;
        *value = str_trim(part);
        *weight = 1000;
        *parameters = false;
        while (str_split(&rest, ';', &part)) {
            part = str_trim(part);
            if (part.len >= 2 && (part.ptr[0] | 0x20) == 'q' && part.ptr[1] == '=')
                *weight = parse_weight(str_from(part.ptr + 2, part.len - 2));
            else if (part.len > 0)
                *parameters = true;
        }
        if (value->len > 0 && *weight >= 0)
            return true;
    }
    return false;
}

const char *coding_name(enum coding coding) {
    static const char *const names[] = {"identity", "gzip", "br", "zstd", ""};
    return names[coding];
}

enum coding negotiate_coding(struct str accept_encoding, bool compressible) {
    if (str_is_none(accept_encoding))
        return CODING_IDENTITY;
    int weights[CODING_NONE] = {-1, -1, -1, -1}, star = -1, weight;
    struct str list = accept_encoding, value;
    bool parameters;
    while (next_element(&list, &value, &weight, &parameters)) {
        if (str_eq(value, STR("*")))
            star = weight;
        else if (str_eq_nocase(value, STR("x-gzip")))
            weights[CODING_GZIP] = weight;
        else
            for (unsigned i = 0; i < CODING_NONE; i++)
                if (str_eq_nocase(value, str_of(coding_name((enum coding)i))))
                    weights[i] = weight;
    }
    if (weights[CODING_IDENTITY] < 0) /* acceptable unless ruled out, and then the last choice */
        weights[CODING_IDENTITY] = star == 0 ? 0 : 1;
    static const enum coding order[] = {CODING_ZSTD, CODING_BR, CODING_GZIP};
    enum coding best = weights[CODING_IDENTITY] > 0 ? CODING_IDENTITY : CODING_NONE;
    int best_weight = weights[CODING_IDENTITY];
    for (unsigned i = 0; i < sizeof order / sizeof *order; i++) {
        int w = weights[order[i]] < 0 ? star : weights[order[i]];
        bool preferred = w > best_weight || (w == best_weight && best == CODING_IDENTITY);
        if (w > 0 && (compressible || best == CODING_NONE) && preferred) {
            best = order[i];
            best_weight = w;
        }
    }
    return best;
}

/* "en", "en-GB", "it-IT"; the first of equal quality wins. */
enum lang negotiate_lang(struct str accept_language) {
    struct str list = accept_language, value;
    enum lang best = LANG_EN;
    int weight, best_weight = 0;
    bool parameters;
    if (str_is_none(accept_language))
        return LANG_EN;
    while (next_element(&list, &value, &weight, &parameters)) {
        size_t hyphen = str_find(value, '-');
        struct str primary = str_from(value.ptr, hyphen);
        enum lang lang = LANG_EN;
        if (str_eq_nocase(primary, STR("it")))
            lang = LANG_IT;
        else if (!str_eq_nocase(primary, STR("en")) && !str_eq(value, STR("*")))
            continue;
        if (weight > best_weight) {
            best = lang;
            best_weight = weight;
        }
    }
    return best;
}

/* How exactly a media range names a type: 3 with parameters, 2 itself, 1 its top-level type, 0
 * anything; -1 not at all. */
static int specificity(struct str range, bool parameters, struct str type) {
    if (str_eq(range, STR("*/*")) || str_eq(range, STR("*")))
        return 0;
    if (range.len > 2 && str_eq(str_from(range.ptr + range.len - 2, 2), STR("/*")))
        return type.len > range.len - 1 && str_eq_nocase(str_from(range.ptr, range.len - 1),
                                                         str_from(type.ptr, range.len - 1))
                   ? 1
                   : -1;
    size_t end = str_find(type, ';');
    if (!str_eq_nocase(range, str_trim(str_from(type.ptr, end))))
        return -1;
    return parameters ? 3 : 2;
}

static int type_weight(struct str accept, struct str type) {
    struct str list = accept, range;
    int weight, best = 0, best_specificity = -1;
    bool parameters;
    while (next_element(&list, &range, &weight, &parameters)) {
        int s = specificity(range, parameters, type);
        if (s > best_specificity) {
            best_specificity = s;
            best = weight;
        }
    }
    return best;
}

int http_negotiate_type(struct str accept, const struct str *types, size_t count) {
    if (count == 0)
        return -1;
    if (str_trim(accept).len == 0)
        return 0;
    int best = -1, best_weight = 0;
    for (size_t i = 0; i < count; i++) {
        int weight = type_weight(accept, types[i]);
        if (weight > best_weight) {
            best = (int)i;
            best_weight = weight;
        }
    }
    return best;
}

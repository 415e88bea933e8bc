/* Parts are divided by CR LF "--" boundary. A boundary holds no CR, so when the bytes stop matching
 * the delimiter, no later match can begin within what had matched: those bytes, which are the
 * delimiter's own beginning, were content.
 */
#include "segreteria/http/multipart.h"

#include <string.h>

/* ---- parameters of a field ---- */

static bool is_space(char c) { return c == ' ' || c == '\t'; }

static struct str skip_space(struct str s) {
    while (s.len > 0 && is_space(s.ptr[0]))
        s = str_from(s.ptr + 1, s.len - 1);
    return s;
}

/* A token or a quoted-string into out, NUL-terminated, cut at its size; *rest stands behind it.
 * Browsers write %22 for a quote and leave backslashes alone (RFC 7578 section 4.2 and the HTML
 * standard); other clients escape with a backslash. Only \" and \\ are unescaped, so that a path
 * "C:\cv.pdf" survives. False: an open quote. */
static bool take_value(struct str *rest, char *out, size_t size) {
    size_t len = 0, at = 0;
    bool quoted = rest->len > 0 && rest->ptr[0] == '"', closed = !quoted;
    for (at = quoted; at < rest->len; at++) {
        char c = rest->ptr[at];
        if (quoted && c == '"') {
            closed = true;
            at++;
            break;
        }
        if (!quoted && (c == ';' || is_space(c)))
            break;
        if (quoted && c == '\\' && at + 1 < rest->len &&
            (rest->ptr[at + 1] == '"' || rest->ptr[at + 1] == '\\'))
            c = rest->ptr[++at];
        if (len + 1 < size)
            out[len++] = c;
    }
    out[len] = '\0';
    *rest = str_from(rest->ptr + at, rest->len - at);
    return closed;
}

/* The parameter `name` of a field's value ("form-data; name=x") into out. False: it is not there.
 */
static bool find_parameter(struct str value, struct str name, char *out, size_t size) {
    char passed_over[2];
    size_t at = str_find(value, ';');
    struct str rest = str_from(value.ptr + at, value.len - at);
    while (rest.len > 0 && rest.ptr[0] == ';') {
        rest = skip_space(str_from(rest.ptr + 1, rest.len - 1));
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '=' && rest.ptr[end] != ';')
            end++;
        struct str key = str_trim(str_from(rest.ptr, end));
        rest = str_from(rest.ptr + end, rest.len - end);
        if (rest.len == 0 || rest.ptr[0] != '=')
            continue;
        rest = skip_space(str_from(rest.ptr + 1, rest.len - 1));
        bool wanted = str_eq_nocase(key, name);
        if (!take_value(&rest, wanted ? out : passed_over, wanted ? size : sizeof passed_over))
            return false;
        if (wanted)
            return true;
        rest = skip_space(rest);
    }
    return false;
}

enum status multipart_init(struct multipart *multipart, struct str content_type) {
    char boundary[MULTIPART_BOUNDARY_MAX + 3];
    *multipart = (struct multipart){.state = MP_PREAMBLE, .matched = 2};
    struct str type = str_trim(str_from(content_type.ptr, str_find(content_type, ';')));
    if (!str_eq_nocase(type, STR("multipart/form-data")) ||
        !find_parameter(content_type, STR("boundary"), boundary, sizeof boundary))
        return STATUS_INVALID;
    size_t len = strlen(boundary);
    if (len == 0 || len > MULTIPART_BOUNDARY_MAX || strpbrk(boundary, "\r\n") != NULL)
        return STATUS_INVALID;
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary, len + 1);
    multipart->delimiter_len = 4 + len;
    return STATUS_OK;
}

/* ---- the head of a part ---- */

static bool read_field(struct multipart *multipart, struct str line) {
    size_t colon = str_find(line, ':');
    if (colon == 0 || colon == line.len)
        return false;
    if (!str_eq_nocase(str_from(line.ptr, colon), STR("Content-Disposition")))
        return true;
    struct str value = str_trim(str_from(line.ptr + colon + 1, line.len - colon - 1));
    struct str type = str_trim(str_from(value.ptr, str_find(value, ';')));
    multipart->has_filename = find_parameter(value, STR("filename"), multipart->filename,
                                             sizeof multipart->filename);
    return str_eq_nocase(type, STR("form-data")) &&
           find_parameter(value, STR("name"), multipart->name, sizeof multipart->name);
}

static bool read_head(struct multipart *multipart) {
    struct str head = str_from(multipart->head, multipart->head_len), line;
    multipart->name[0] = multipart->filename[0] = '\0';
    multipart->has_filename = false;
    while (str_split(&head, '\n', &line)) {
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0 && !read_field(multipart, line))
            return false;
    }
    return multipart->name[0] != '\0';
}

/* ---- bytes ---- */

static enum multipart_event broken(struct multipart *multipart) {
    multipart->state = MP_BROKEN;
    return MULTIPART_MALFORMED;
}

static void advance(struct str *input, size_t n) {
    *input = str_from(input->ptr + n, input->len - n);
}

/* Content up to the next delimiter. True: *data holds some; false: the delimiter is complete, or
 * the input is used up. */
static bool scan(struct multipart *multipart, struct str *input, struct str *data) {
    while (input->len > 0 && multipart->matched < multipart->delimiter_len) {
        if (multipart->matched > 0) {
            if (input->ptr[0] == multipart->delimiter[multipart->matched]) {
                multipart->matched++;
                advance(input, 1);
                continue;
            }
            *data = str_from(multipart->delimiter, multipart->matched);
            multipart->matched = 0;
            return true;
        }
        size_t end = str_find(*input, '\r');
        if (end > 0) {
            *data = str_from(input->ptr, end);
            advance(input, end);
            return true;
        }
        multipart->matched = 1;
        advance(input, 1);
    }
    return false;
}

static enum multipart_event on_preamble(struct multipart *multipart, struct str *input) {
    struct str data;
    while (scan(multipart, input, &data)) {
        multipart->passed += data.len;
        if (multipart->passed > MULTIPART_PREAMBLE_MAX)
            return broken(multipart);
    }
    if (multipart->matched == multipart->delimiter_len) {
        multipart->state = MP_LINE;
        multipart->head_len = 0;
    }
    return MULTIPART_MORE;
}

/* After a boundary: "--" ends the body; padding and CR LF begin a part. */
static enum multipart_event on_line(struct multipart *multipart, struct str *input) {
    while (input->len > 0) {
        char c = input->ptr[0];
        char before = multipart->head_len > 0 ? multipart->head[multipart->head_len - 1] : '\0';
        if (multipart->head_len == 64)
            return broken(multipart);
        multipart->head[multipart->head_len++] = c;
        advance(input, 1);
        if (multipart->head_len == 2 && before == '-' && c == '-') {
            multipart->state = MP_EPILOGUE;
            return MULTIPART_END;
        }
        if (before == '\r' && c == '\n') {
            if (++multipart->parts > MULTIPART_PARTS_MAX)
                return broken(multipart);
            multipart->state = MP_HEAD;
            multipart->head_len = 0;
            return MULTIPART_MORE;
        }
        if (before == '\r' || (c == '-' && multipart->head_len > 1) ||
            (c != '-' && c != '\r' && !is_space(c)) || (before == '-' && c != '-'))
            return broken(multipart);
    }
    return MULTIPART_MORE;
}

static enum multipart_event on_head(struct multipart *multipart, struct str *input) {
    while (input->len > 0) {
        if (multipart->head_len == MULTIPART_HEAD_MAX)
            return broken(multipart);
        multipart->head[multipart->head_len++] = input->ptr[0];
        advance(input, 1);
        struct str head = str_from(multipart->head, multipart->head_len);
        if (!str_ends_with(head, STR("\r\n\r\n")) && !str_eq(head, STR("\r\n")))
            continue;
        if (!read_head(multipart))
            return broken(multipart);
        multipart->state = MP_DATA;
        multipart->matched = 0;
        return MULTIPART_PART;
    }
    return MULTIPART_MORE;
}

static enum multipart_event on_data(struct multipart *multipart, struct str *input,
                                    struct str *data) {
    if (scan(multipart, input, data))
        return MULTIPART_DATA;
    if (multipart->matched < multipart->delimiter_len)
        return MULTIPART_MORE;
    multipart->state = MP_LINE;
    multipart->head_len = 0;
    return MULTIPART_PART_END;
}

static enum multipart_event on_epilogue(struct multipart *multipart, struct str *input) {
    multipart->passed += input->len;
    advance(input, input->len);
    return multipart->passed > (size_t)2 * MULTIPART_PREAMBLE_MAX ? broken(multipart)
                                                                  : MULTIPART_MORE;
}

enum multipart_event multipart_next(struct multipart *multipart, struct str *input,
                                    struct str *data) {
    enum multipart_event event = MULTIPART_MORE;
    while (input->len > 0 || multipart->state == MP_DATA) {
        switch (multipart->state) {
        case MP_PREAMBLE: event = on_preamble(multipart, input); break;
        case MP_LINE: event = on_line(multipart, input); break;
        case MP_HEAD: event = on_head(multipart, input); break;
        case MP_DATA: event = on_data(multipart, input, data); break;
        case MP_EPILOGUE: event = on_epilogue(multipart, input); break;
        case MP_BROKEN: return MULTIPART_MALFORMED;
        }
        if (event != MULTIPART_MORE || input->len == 0)
            return event;
    }
    return event;
}

bool multipart_is_complete(const struct multipart *multipart) {
    return multipart->state == MP_EPILOGUE;
}

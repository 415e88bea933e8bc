/* The router: a tree of path segments. A request walks it once, without allocating unless a segment
 * is percent-encoded. */
#include "contract_internal.h"

/* --- Templates ---------------------------------------------------------------------------- */

static bool is_parameter(struct str segment) {
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

/* A fixed segment is written as it is matched: no braces, nothing to decode. */
static bool is_fixed(struct str segment) {
    bool dots = str_eq(segment, STR(".")) || str_eq(segment, STR(".."));
    return segment.len > 0 && !dots && str_find(segment, '{') == segment.len &&
           str_find(segment, '}') == segment.len && str_find(segment, '%') == segment.len;
}

static struct route_node *node_add(struct route_node *node, struct str segment,
                                   struct arena *arena) {
    struct route_node **link = &node->parameter;
    if (!is_parameter(segment)) {
        link = &node->children;
        while (*link != NULL && !str_eq((*link)->segment, segment))
            link = &(*link)->next;
    }
    if (*link == NULL) {
        *link = arena_zalloc(arena, sizeof **link);
        if (*link != NULL)
            (*link)->segment = segment;
    }
    return *link;
}

enum status route_add(struct route_node *root, const struct operation *operation,
                      struct arena *arena) {
    struct str path = operation->path, segment;
    if (path.len == 0 || path.ptr[0] != '/')
        return STATUS_INVALID;
    struct str rest = str_from(path.ptr + 1, path.len - 1);
    struct route_node *node = root;
    size_t segments = 0, parameters = 0;
    while (str_split(&rest, '/', &segment)) {
        if (!is_parameter(segment) && !is_fixed(segment))
            return STATUS_INVALID;
        parameters += is_parameter(segment) ? 1 : 0;
        if (++segments > ROUTE_SEGMENTS_MAX || parameters > CONTRACT_PATH_PARAMS_MAX)
            return STATUS_TOO_LARGE;
        node = node_add(node, segment, arena);
        if (node == NULL)
            return STATUS_NO_MEMORY;
    }
    bool other_spelling = node->allowed != 0 && !str_eq(node->template, path);
    if (other_spelling || node->operations[operation->method] != NULL)
        return STATUS_EXISTS;
    node->template = path;
    node->operations[operation->method] = operation;
    node->allowed |= 1U << operation->method | 1U << HTTP_OPTIONS;
    if (operation->method == HTTP_GET)
        node->allowed |= 1U << HTTP_HEAD;
    return STATUS_OK;
}

/* --- Requests ----------------------------------------------------------------------------- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum status percent_decode(struct str raw, bool plus_is_space, struct arena *arena,
                           struct str *out) {
    bool encoded = false;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] == '\0')
            return STATUS_INVALID;
        encoded |= raw.ptr[i] == '%' || (plus_is_space && raw.ptr[i] == '+');
    }
    if (!encoded) {
        *out = raw;
        return STATUS_OK;
    }
    char *text = arena_alloc(arena, raw.len);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '%') {
            int high = raw.len - i > 2 ? hex_digit(raw.ptr[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(raw.ptr[i + 2]);
            if (low < 0 || high * 16 + low == 0)
                return STATUS_INVALID;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        text[n++] = c;
    }
    *out = str_from(text, n);
    return STATUS_OK;
}

/* Cuts the path into decoded segments. NOT_FOUND: it is none that a template could describe. */
static enum status segments_cut(struct str path, struct arena *arena, struct str *segments,
                                size_t *count) {
    bool unknown = path.len == 0 || path.ptr[0] != '/';
    struct str rest = unknown ? path : str_from(path.ptr + 1, path.len - 1);
    struct str raw, segment;
    size_t n = 0;
    while (str_split(&rest, '/', &raw)) { /* to the end: a bad escape is told wherever it is */
        enum status status = percent_decode(raw, false, arena, &segment);
        if (status != STATUS_OK)
            return status;
        if (segment.len == 0 || str_eq(segment, STR(".")) || str_eq(segment, STR("..")) ||
            n == ROUTE_SEGMENTS_MAX)
            unknown = true;
        else
            segments[n++] = segment;
    }
    *count = n;
    return unknown ? STATUS_NOT_FOUND : STATUS_OK;
}

/* Depth is bounded by ROUTE_SEGMENTS_MAX. A fixed segment that leads nowhere is taken back for the
 * parameter. */
static const struct route_node *walk(const struct route_node *node, const struct str *segments,
                                     size_t count, struct route *route) {
    if (count == 0)
        return node->allowed != 0 ? node : NULL;
    for (const struct route_node *child = node->children; child != NULL; child = child->next) {
        if (str_eq(child->segment, segments[0])) {
            const struct route_node *found = walk(child, segments + 1, count - 1, route);
            if (found != NULL)
                return found;
            break;
        }
    }
    if (node->parameter == NULL)
        return NULL;
    size_t at = route->path_params_count++;
    route->path_params[at] = segments[0];
    const struct route_node *found = walk(node->parameter, segments + 1, count - 1, route);
    if (found == NULL)
        route->path_params_count = at;
    return found;
}

enum status contract_route(const struct contract *contract, enum http_method method,
                           struct str path, struct arena *arena, struct route *out) {
    struct str segments[ROUTE_SEGMENTS_MAX];
    size_t count = 0;
    struct route route = {0};
    enum status status = segments_cut(path, arena, segments, &count);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    const struct route_node *node = status == STATUS_OK
                                        ? walk(&contract->routes, segments, count, &route)
                                        : NULL;
    if (node != NULL) {
        enum http_method served = method == HTTP_HEAD ? HTTP_GET : method;
        route.operation = served < HTTP_METHOD_OTHER ? node->operations[served] : NULL;
        route.allowed = node->allowed;
    }
    *out = route;
    return STATUS_OK;
}

/* URI references against a base (RFC 3986 section 5.2), as far as "$id" and "$ref" need them: the
 * reference is taken apart, merged with the base and put together again in the set's arena.
 */
#include "schema_internal.h"

struct parts {
    struct str scheme, authority, path, query; /* STR_NONE: absent */
};

/* Cuts `s` at the first of `stops`; what was before it is returned. */
static struct str head_take(struct str *s, const char *stops) {
    size_t n = 0;
    while (n < s->len && (s->ptr[n] == '\0' || strchr(stops, s->ptr[n]) == NULL)) {
        n++;
    }
    struct str head = str_from(s->ptr, n);
    *s = str_from(s->ptr + n, s->len - n);
    return head;
}

static struct parts parts_of(struct str uri) {
    struct parts parts = {STR_NONE, STR_NONE, STR_NONE, STR_NONE};
    struct str rest = uri;
    struct str head = head_take(&rest, ":/?");
    if (rest.len > 0 && rest.ptr[0] == ':' && head.len > 0) {
        parts.scheme = head;
        rest = str_from(rest.ptr + 1, rest.len - 1);
    } else {
        rest = uri;
    }
    if (str_starts_with(rest, STR("//"))) {
        rest = str_from(rest.ptr + 2, rest.len - 2);
        parts.authority = head_take(&rest, "/?");
    }
    parts.path = head_take(&rest, "?");
    if (rest.len > 0) {
        parts.query = str_from(rest.ptr + 1, rest.len - 1);
    }
    return parts;
}

/* Takes the last segment, and the slash before it, off what was written since `floor`. */
static void segment_drop(struct buf *out, size_t floor) {
    while (out->len > floor && out->data[--out->len] != '/') {
    }
}

/* Section 5.2.4: "." and ".." segments undone, in what is appended. */
static void path_append(struct buf *out, struct str path) {
    size_t floor = out->len;
    struct str rest = path, segment;
    bool absolute = path.len > 0 && path.ptr[0] == '/';
    bool first = true;
    while (str_split(&rest, '/', &segment)) {
        bool last = str_is_none(rest);
        bool up = str_eq(segment, STR(".."));
        if (up || str_eq(segment, STR("."))) {
            if (up) {
                segment_drop(out, floor);
            }
            if (last) {
                buf_append_char(out, '/');
            }
        } else {
            if (!first && (absolute || out->len > floor)) {
                buf_append_char(out, '/');
            }
            buf_append(out, segment);
        }
        first = false;
    }
}

/* Section 5.2.3: the base's path up to its last slash, then the reference's. */
static void merged_append(struct buf *out, const struct parts *base, struct str path,
                          struct buf *scratch) {
    if (!str_is_none(base->authority) && base->path.len == 0) {
        buf_append_char(scratch, '/');
    } else {
        size_t keep = base->path.len;
        while (keep > 0 && base->path.ptr[keep - 1] != '/') {
            keep--;
        }
        buf_append(scratch, str_from(base->path.ptr, keep));
    }
    buf_append(scratch, path);
    path_append(out, buf_str(scratch));
}

static void resolve(struct buf *out, const struct parts *base, const struct parts *reference,
                    struct buf *scratch) {
    bool own_scheme = !str_is_none(reference->scheme);
    bool own_authority = own_scheme || !str_is_none(reference->authority);
    bool own_path = own_authority || reference->path.len > 0;
    struct str scheme = own_scheme ? reference->scheme : base->scheme;
    struct str authority = own_authority ? reference->authority : base->authority;
    struct str query = own_path || !str_is_none(reference->query) ? reference->query : base->query;
    if (!str_is_none(scheme)) {
        buf_append(out, scheme);
        buf_append_char(out, ':');
    }
    if (!str_is_none(authority)) {
        buf_append_text(out, "//");
        buf_append(out, authority);
    }
    if (!own_path) {
        buf_append(out, base->path);
    } else if (own_authority || reference->path.ptr[0] == '/') {
        path_append(out, reference->path);
    } else {
        merged_append(out, base, reference->path, scratch);
    }
    if (!str_is_none(query)) {
        buf_append_char(out, '?');
        buf_append(out, query);
    }
}

bool schema_uri_resolve(struct schema_set *set, struct str base, struct str reference,
                        struct str *uri, struct str *fragment) {
    size_t hash = str_find(reference, '#');
    *fragment = hash < reference.len ? str_from(reference.ptr + hash + 1, reference.len - hash - 1)
                                     : STR_NONE;
    struct parts base_parts = parts_of(base);
    struct parts parts = parts_of(str_from(reference.ptr, hash));
    struct buf out, scratch;
    buf_init(&out, 65536);
    buf_init(&scratch, 65536);
    resolve(&out, &base_parts, &parts, &scratch);
    bool ok = buf_status(&out) == STATUS_OK && buf_status(&scratch) == STATUS_OK;
    const char *text = ok ? arena_strdup(&set->arena, buf_str(&out)) : NULL;
    *uri = str_from(text == NULL ? "" : text, text == NULL ? 0 : out.len);
    buf_deinit(&out);
    buf_deinit(&scratch);
    return text != NULL || schema_no_memory(set);
}

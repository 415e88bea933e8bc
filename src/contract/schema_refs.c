/* "$id", "$anchor", "$ref" and their dynamic kin. A document is one resource, or several where
 * schemas inside it have an
 * "$id" of their own; a reference is resolved against the resource it stands in and leads to a
 * resource of the same document. References are resolved when all schemas known so far have been
 * read, so that one may name what comes after it.
 */
#include "schema_internal.h"

struct schema_resource {
    struct str uri; /* absolute if the document gives it a base, without fragment */
    json_t *json;
    struct str where;
    struct schema_anchor *anchors;
    struct schema_resource *next;
};

struct schema_anchor {
    struct str name;
    const struct schema *schema;
    bool dynamic; /* "$dynamicAnchor" */
    struct schema_anchor *next;
};

static struct schema_resource *resource_add(struct schema_set *set, struct str uri, json_t *json,
                                            struct str where) {
    struct schema_resource *resource = arena_zalloc(&set->arena, sizeof *resource);
    if (resource == NULL) {
        (void)schema_no_memory(set);
        return NULL;
    }
    *resource = (struct schema_resource){
        .uri = uri, .json = json, .where = where, .next = set->resources};
    set->resources = resource;
    return resource;
}

struct schema_resource *schema_root_resource(struct schema_set *set) {
    struct schema_resource *root = set->resources;
    while (root != NULL && root->next != NULL) {
        root = root->next; /* the first added is the last */
    }
    return root != NULL ? root : resource_add(set, STR(""), set->root, STR(""));
}

bool schema_compile_id(struct schema *schema) {
    json_t *value = json_object_get(schema->json, "$id");
    struct str uri, fragment;
    if (value == NULL) {
        return true;
    }
    if (!json_is_string(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'$id' must be a string at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    if (!schema_uri_resolve(schema->set, schema->resource->uri,
                            str_from(json_string_value(value), json_string_length(value)), &uri,
                            &fragment)) {
        return false;
    }
    if (fragment.len > 0) {
        return schema_fail(schema->set, STATUS_INVALID, "'$id' must not have a fragment at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    schema->resource = resource_add(schema->set, uri, schema->json, schema->where);
    return schema->resource != NULL;
}

/* Letters, digits, "-", "_", "."; the first a letter or "_". */
static bool anchor_holds(struct str name) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool other = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return name.len > 0;
}

bool schema_compile_anchor(struct schema *schema, json_t *value, bool dynamic) {
    struct str name = str_from(json_string_value(value), json_string_length(value));
    if (!json_is_string(value) || !anchor_holds(name)) {
        return schema_fail(schema->set, STATUS_INVALID, "malformed '%s' at %.*s",
                           dynamic ? "$dynamicAnchor" : "$anchor",
                           STR_FMT(schema_shown(schema->where)));
    }
    struct schema_anchor *anchor = arena_zalloc(&schema->set->arena, sizeof *anchor);
    if (anchor == NULL) {
        return schema_no_memory(schema->set);
    }
    *anchor = (struct schema_anchor){name, schema, dynamic, schema->resource->anchors};
    schema->resource->anchors = anchor;
    return true;
}

/* Notes a reference for schema_resolve_refs. */
bool schema_compile_ref(struct schema *schema, json_t *value, bool dynamic) {
    struct schema_ref *ref = arena_zalloc(&schema->set->arena, sizeof *ref);
    if (!json_is_string(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'%s' must be a string at %.*s",
                           dynamic ? "$dynamicRef" : "$ref", STR_FMT(schema_shown(schema->where)));
    }
    if (ref == NULL) {
        return schema_no_memory(schema->set);
    }
    ref->schema = schema;
    ref->text = str_from(json_string_value(value), json_string_length(value));
    ref->dynamic = dynamic;
    ref->next = schema->set->refs;
    schema->set->refs = ref;
    return true;
}

/* Resolving ----------------------------------------------------------------------------------- */

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A fragment with its percent-encoding undone (RFC 6901 section 6). */
static bool fragment_decode(struct schema_set *set, struct str fragment, struct str *out,
                            bool *well_formed) {
    char *text = arena_alloc(&set->arena, fragment.len + 1);
    size_t n = 0;
    *well_formed = true;
    if (text == NULL) {
        return schema_no_memory(set);
    }
    for (size_t i = 0; i < fragment.len; i++) {
        char c = fragment.ptr[i];
        if (c == '%') {
            int high = i + 2 < fragment.len ? hex_value(fragment.ptr[i + 1]) : -1;
            int low = i + 2 < fragment.len ? hex_value(fragment.ptr[i + 2]) : -1;
            *well_formed = *well_formed && high >= 0 && low >= 0;
            c = (char)(high * 16 + low);
            i += 2;
        }
        text[n++] = c;
    }
    text[n] = '\0';
    *out = str_from(text, n);
    return true;
}

static const struct schema_anchor *find_anchor(const struct schema_resource *resource,
                                               struct str name) {
    const struct schema_anchor *anchor = resource->anchors;
    while (anchor != NULL && !str_eq(anchor->name, name)) {
        anchor = anchor->next;
    }
    return anchor;
}

/* The schema at a pointer in a resource; NULL if nothing is there, or with the set's failure. */
static const struct schema *find_pointer(struct schema_set *set, struct schema_resource *resource,
                                         struct str pointer) {
    struct str where = schema_where_join(set, resource->where, pointer);
    json_t *json = str_is_none(where) ? NULL : resource->json;
    struct str rest = pointer.len == 0 ? STR_NONE : str_from(pointer.ptr + 1, pointer.len - 1);
    struct str token;
    while (json != NULL && str_split(&rest, '/', &token)) {
        json = schema_find_token(json, token);
        const struct schema *known = json == NULL || json_is_boolean(json)
                                         ? NULL
                                         : schema_known(set, json);
        resource = known == NULL ? resource : known->resource;
    }
    return json == NULL ? NULL : schema_at(set, json, where, resource);
}

static struct schema_resource *resource_find(const struct schema_set *set, struct str uri) {
    for (struct schema_resource *resource = set->resources; resource != NULL;
         resource = resource->next) {
        if (str_eq(resource->uri, uri)) {
            return resource;
        }
    }
    return NULL;
}

/* Follows a fragment; *dynamic tells whether it names a "$dynamicAnchor". */
static const struct schema *find_fragment(struct schema_set *set, struct schema_resource *resource,
                                          struct str fragment, bool *dynamic) {
    *dynamic = false;
    if (fragment.len == 0 || fragment.ptr[0] == '/') {
        return find_pointer(set, resource, fragment);
    }
    const struct schema_anchor *anchor = find_anchor(resource, fragment);
    *dynamic = anchor != NULL && anchor->dynamic;
    return anchor == NULL ? NULL : anchor->schema;
}

static bool ref_resolve(struct schema_set *set, const struct schema_ref *ref) {
    struct schema *schema = ref->schema;
    const char *keyword = ref->dynamic ? "$dynamicRef" : "$ref";
    struct str uri, encoded, fragment = STR("");
    bool well_formed = true, dynamic = false;
    if (!schema_uri_resolve(set, schema->resource->uri, ref->text, &uri, &encoded) ||
        (!str_is_none(encoded) && !fragment_decode(set, encoded, &fragment, &well_formed))) {
        return false;
    }
    /* A reference to its own document needs no name for it. */
    struct schema_resource *resource = str_starts_with(ref->text, STR("#"))
                                           ? schema->resource
                                           : resource_find(set, uri);
    if (resource == NULL) {
        return schema_fail(set, STATUS_UNSUPPORTED,
                           "unsupported '%s' to '%.*s' (another document) at %.*s", keyword,
                           STR_FMT(ref->text), STR_FMT(schema_shown(schema->where)));
    }
    const struct schema *target = well_formed ? find_fragment(set, resource, fragment, &dynamic)
                                              : NULL;
    if (target == NULL) { /* unless a failure was recorded already */
        return schema_fail(set, STATUS_INVALID, "'%s' to '%.*s' leads nowhere at %.*s", keyword,
                           STR_FMT(ref->text), STR_FMT(schema_shown(schema->where)));
    }
    if (ref->dynamic) {
        schema->dynamic_ref = target;
        schema->dynamic_name = dynamic ? fragment : STR_NONE;
    } else {
        schema->ref = target;
    }
    return true;
}

bool schema_resolve_refs(struct schema_set *set) {
    while (set->refs != NULL) {
        const struct schema_ref *ref = set->refs;
        set->refs = ref->next;
        if (!ref_resolve(set, ref)) {
            return false;
        }
    }
    return true;
}

const struct schema *schema_dynamic_anchor(const struct schema_resource *resource,
                                           struct str name) {
    const struct schema_anchor *anchor = find_anchor(resource, name);
    return anchor != NULL && anchor->dynamic ? anchor->schema : NULL;
}

const struct schema_resource *schema_resource_next(const struct schema_resource *resource) {
    return resource->next;
}

/* The set: one document, the schemas compiled from it, and the queue that turns nested schemas into
 * a graph without recursion. A schema is known by its place in the document (its json_t), so that
 * references to one place share it and cycles close themselves.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "pointer.h"
#include "schema_internal.h"

/* Compiled schemas are a small multiple of their text; this only stops a runaway. */
#define SET_ARENA_MAX ((size_t)256 * 1024 * 1024)
/* What one match may cost. PCRE2 counts steps of its matcher; with these a pattern that backtracks
 * badly gives up within some milliseconds and the text counts as not matching. */
#define REGEX_MATCH_LIMIT 200000
#define REGEX_DEPTH_LIMIT 2000
#define REGEX_HEAP_LIMIT_KIB 4096

bool schema_fail(struct schema_set *set, enum status status, const char *format, ...) {
    if (set->status == STATUS_OK) {
        set->status = status;
        if (set->error != NULL) {
            char text[512];
            va_list arguments;
            va_start(arguments, format);
            (void)vsnprintf(text, sizeof text, format, arguments);
            va_end(arguments);
            buf_append_text(set->error, text);
        }
    }
    return false;
}

bool schema_no_memory(struct schema_set *set) {
    return schema_fail(set, STATUS_NO_MEMORY, "out of memory");
}

enum status schema_set_create(json_t *root, struct schema_set **out, struct buf *error) {
    struct schema_set *set = calloc(1, sizeof *set);
    if (set == NULL) {
        buf_append_text(error, "out of memory");
        return STATUS_NO_MEMORY;
    }
    arena_init(&set->arena, SET_ARENA_MAX);
    set->root = json_incref(root);
    if (getrandom(&set->seed, sizeof set->seed, GRND_NONBLOCK) != (ssize_t)sizeof set->seed) {
        set->seed = (uint64_t)(uintptr_t)set; /* early boot: an address is better than nothing */
    }
    set->compile_context = pcre2_compile_context_create(NULL);
    set->match_context = pcre2_match_context_create(NULL);
    if (set->compile_context == NULL || set->match_context == NULL) {
        schema_set_destroy(set);
        buf_append_text(error, "out of memory");
        return STATUS_NO_MEMORY;
    }
    (void)pcre2_set_match_limit(set->match_context, REGEX_MATCH_LIMIT);
    (void)pcre2_set_depth_limit(set->match_context, REGEX_DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(set->match_context, REGEX_HEAP_LIMIT_KIB);
    *out = set;
    return STATUS_OK;
}

void schema_set_destroy(struct schema_set *set) {
    if (set == NULL) {
        return;
    }
    arena_deinit(&set->arena); /* its destructors free the patterns */
    pcre2_match_context_free(set->match_context);
    pcre2_compile_context_free(set->compile_context);
    json_decref(set->root);
    free(set->slots);
    free(set);
}

/* Places in the document ---------------------------------------------------------------------- */

static size_t slot_of(const struct schema_slot *slots, size_t capacity, const json_t *json) {
    uint64_t hash = (uint64_t)(uintptr_t)json;
    hash = (hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15U;
    size_t i = (size_t)(hash >> 20) & (capacity - 1);
    while (slots[i].json != NULL && slots[i].json != json) {
        i = (i + 1) & (capacity - 1);
    }
    return i;
}

static bool slots_grow(struct schema_set *set) {
    size_t capacity = set->slots_capacity == 0 ? 256 : set->slots_capacity * 2;
    struct schema_slot *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL) {
        return schema_no_memory(set);
    }
    for (size_t i = 0; i < set->slots_capacity; i++) {
        if (set->slots[i].json != NULL) {
            slots[slot_of(slots, capacity, set->slots[i].json)] = set->slots[i];
        }
    }
    free(set->slots);
    set->slots = slots;
    set->slots_capacity = capacity;
    return true;
}

struct schema *schema_at(struct schema_set *set, json_t *json, struct str where,
                         struct schema_resource *resource) {
    if (!json_is_object(json) && !json_is_boolean(json)) {
        (void)schema_fail(set, STATUS_INVALID, "a schema must be an object or a boolean at %.*s",
                          STR_FMT(schema_shown(where)));
        return NULL;
    }
    if (set->slots_count * 2 >= set->slots_capacity && !slots_grow(set)) {
        return NULL;
    }
    struct schema_slot *slot = &set->slots[slot_of(set->slots, set->slots_capacity, json)];
    if (slot->json != NULL) {
        return slot->schema;
    }
    struct schema *schema = arena_zalloc(&set->arena, sizeof *schema);
    if (schema == NULL) {
        (void)schema_no_memory(set);
        return NULL;
    }
    schema->set = set;
    schema->json = json;
    schema->where = where;
    schema->resource = json_is_boolean(json) ? NULL : resource; /* jansson has but one `true` */
    if (set->queue_last == NULL) {
        set->queue_first = schema;
    } else {
        set->queue_last->next = schema;
    }
    set->queue_last = schema;
    slot->json = json;
    slot->schema = schema;
    set->slots_count++;
    return schema;
}

const struct schema *schema_known(const struct schema_set *set, const json_t *json) {
    if (set->slots_capacity == 0) {
        return NULL;
    }
    return set->slots[slot_of(set->slots, set->slots_capacity, json)].schema;
}

json_t *schema_find_token(json_t *json, struct str token) {
    char text[1024];
    size_t len = 0;
    if (!pointer_get(token, text, sizeof text, &len)) {
        return NULL;
    }
    if (json_is_object(json)) {
        return json_object_getn(json, text, len);
    }
    uint64_t index = 0;
    bool leading_zero = len > 1 && text[0] == '0';
    if (!json_is_array(json) || leading_zero ||
        str_to_u64(str_from(text, len), UINT32_MAX, &index) != STATUS_OK) {
        return NULL;
    }
    return json_array_get(json, (size_t)index);
}

/* Finds a JSON Pointer in the document; NULL when nothing is there. */
static json_t *find(const struct schema_set *set, struct str pointer) {
    json_t *json = set->root;
    if (pointer.len == 0) {
        return json;
    }
    if (pointer.ptr[0] != '/') {
        return NULL;
    }
    struct str rest = str_from(pointer.ptr + 1, pointer.len - 1);
    struct str token;
    while (json != NULL && str_split(&rest, '/', &token)) {
        json = schema_find_token(json, token);
    }
    return json;
}

/* Cycles -------------------------------------------------------------------------------------- */

static bool loop_check(struct schema *schema, unsigned level);

static bool loop_check_child(struct schema *schema, const struct schema *child, unsigned level) {
    if (child == NULL) {
        return true;
    }
    struct schema *below = (struct schema *)child; /* still being built, hence ours to write */
    if (!loop_check(below, level + 1)) {
        return false;
    }
    if (below->height + 1 > schema->height) {
        schema->height = below->height + 1;
    }
    return true;
}

static bool loop_check_list(struct schema *schema, const struct schema_list *list, unsigned level) {
    for (size_t i = 0; i < list->count; i++) {
        if (!loop_check_child(schema, list->schemas[i], level)) {
            return false;
        }
    }
    return true;
}

/* A dynamic reference may lead to any anchor of its name. */
static bool loop_check_dynamic(struct schema *schema, unsigned level) {
    bool ok = loop_check_child(schema, schema->dynamic_ref, level);
    const struct schema_resource *resource = str_is_none(schema->dynamic_name)
                                                 ? NULL
                                                 : schema->set->resources;
    for (; ok && resource != NULL; resource = schema_resource_next(resource)) {
        ok = loop_check_child(schema, schema_dynamic_anchor(resource, schema->dynamic_name), level);
    }
    return ok;
}

/* Keywords that apply another schema to the same value could go round for ever; they must form no
 * cycle and no more than SCHEMA_DEPTH_MAX levels. (Cycles through properties or items end with the
 * instance.) */
static bool loop_check(struct schema *schema, unsigned level) {
    if (schema->loop_check == 1) {
        return schema_fail(schema->set, STATUS_INVALID,
                           "the schema refers to itself without end at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    if (schema->loop_check == 0) {
        schema->loop_check = 1;
        bool ok = level <= SCHEMA_DEPTH_MAX && loop_check_child(schema, schema->ref, level) &&
                  loop_check_dynamic(schema, level);
        const struct schema_logic *logic = schema->logic;
        if (ok && logic != NULL) {
            ok = loop_check_list(schema, &logic->all_of, level) &&
                 loop_check_list(schema, &logic->any_of, level) &&
                 loop_check_list(schema, &logic->one_of, level) &&
                 loop_check_child(schema, logic->not_, level) &&
                 loop_check_child(schema, logic->if_, level) &&
                 loop_check_child(schema, logic->then_, level) &&
                 loop_check_child(schema, logic->else_, level);
        }
        for (size_t i = 0; ok && schema->object != NULL && i < schema->object->dependencies_count;
             i++) {
            ok = loop_check_child(schema, schema->object->dependencies[i].schema, level);
        }
        schema->loop_check = 2;
        if (!ok && schema->set->status != STATUS_OK) {
            return false;
        }
    }
    if (level + schema->height > SCHEMA_DEPTH_MAX || level > SCHEMA_DEPTH_MAX) {
        return schema_fail(schema->set, STATUS_INVALID, "schemas are nested too deep at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    return true;
}

/* Compiles what is queued, which queues what it names. */
static bool drain(struct schema_set *set) {
    while (set->status == STATUS_OK && set->queue_first != NULL) {
        struct schema *first = set->queue_first;
        (void)schema_fill(first);
        set->queue_first = first->next;
        if (set->queue_first == NULL) {
            set->queue_last = NULL;
        }
        first->next = set->all;
        set->all = first;
    }
    return set->status == STATUS_OK;
}

enum status schema_compile(struct schema_set *set, struct str pointer, const struct schema **out,
                           struct buf *error) {
    set->error = error;
    if (set->status != STATUS_OK) {
        buf_append_text(error, "an earlier schema of the document could not be compiled");
        set->error = NULL;
        return set->status;
    }
    const struct schema *checked = set->all;
    json_t *json = find(set, pointer);
    struct schema *schema = NULL;
    if (json == NULL) {
        (void)schema_fail(set, STATUS_INVALID, "no schema at '%.*s'", STR_FMT(pointer));
    } else {
        const char *where = arena_strdup(&set->arena, pointer);
        struct schema_resource *resource = schema_root_resource(set);
        if (where == NULL || resource == NULL) {
            (void)schema_no_memory(set);
        } else {
            schema = schema_at(set, json, str_from(where, pointer.len), resource);
        }
    }
    while (set->status == STATUS_OK && (set->queue_first != NULL || set->refs != NULL)) {
        if (drain(set)) {
            (void)schema_resolve_refs(set);
        }
    }
    /* Those of earlier calls were checked then, and nothing of them has changed. */
    for (struct schema *one = set->all; set->status == STATUS_OK && one != checked;
         one = one->next) {
        (void)loop_check(one, 0);
    }
    set->error = NULL;
    if (set->status != STATUS_OK) {
        return set->status;
    }
    *out = schema;
    return STATUS_OK;
}

/* Questions about a compiled schema ----------------------------------------------------------- */

/* The schema that states a type: this one, or where its $ref or allOf lead. */
static const struct schema *typed(const struct schema *schema, unsigned level) {
    if (schema->types != 0 || level == SCHEMA_DEPTH_MAX) {
        return schema;
    }
    if (schema->ref != NULL) {
        return typed(schema->ref, level + 1);
    }
    for (size_t i = 0; schema->logic != NULL && i < schema->logic->all_of.count; i++) {
        const struct schema *found = typed(schema->logic->all_of.schemas[i], level + 1);
        if (found->types != 0) {
            return found;
        }
    }
    return schema;
}

enum schema_type schema_type_of(const struct schema *schema) {
    switch (typed(schema, 0)->types) {
    case TYPE_STRING: return SCHEMA_STRING;
    case TYPE_INTEGER: return SCHEMA_INTEGER;
    case TYPE_NUMBER:
    case TYPE_NUMBER | TYPE_INTEGER: return SCHEMA_NUMBER;
    case TYPE_BOOLEAN: return SCHEMA_BOOLEAN;
    case TYPE_ARRAY: return SCHEMA_ARRAY;
    case TYPE_OBJECT: return SCHEMA_OBJECT;
    default: return SCHEMA_ANY;
    }
}

const struct schema *schema_items_of(const struct schema *schema) {
    const struct schema *array = typed(schema, 0);
    return array->array == NULL ? NULL : array->array->items;
}

/* What the files of the JSON Schema validator share; nothing here is shown to other rooms.
 *
 * A schema is one node of a compact graph: each group of keywords hangs off it only where the
 * schema has one of them, so that a plain {"type": "string"} costs one test. All of it lives in the
 * set's arena and does not change after compiling.
 */
#ifndef SEGRETERIA_CONTRACT_SCHEMA_INTERNAL_H
#define SEGRETERIA_CONTRACT_SCHEMA_INTERNAL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>

#include "segreteria/contract/schema.h"

/* Bits of struct schema.types; an integral number carries both number bits. */
enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4,
    TYPE_NUMBER = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64
};
#define TYPE_COUNT 7
extern const char *const schema_type_names[TYPE_COUNT]; /* by bit number */

struct schema_regex {
    pcre2_code *code;
    struct str source; /* as written in the schema, for the message */
};

struct schema_format {
    const char *name;
    bool (*check)(struct str text); /* NULL: an annotation */
    int integer_bits;               /* 32 or 64 for the OpenAPI formats of integers, otherwise 0 */
};

struct schema_limit { /* one bound of a number and its text for the message */
    const json_t *number;
    struct str text;
};

struct schema_number {
    struct schema_limit minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
};

struct schema_string {
    size_t min_length, max_length; /* code points */
    const struct schema_regex *pattern;
};

struct schema_array {
    size_t min_items, max_items;
    const struct schema **prefix;
    size_t prefix_count;
    const struct schema *items; /* those after the prefix */
    const struct schema *contains;
    size_t min_contains, max_contains;
    const struct schema *unevaluated;
    bool unique;
};

struct schema_property {
    struct str name;
    const struct schema *schema; /* NULL: named by "required" alone */
    bool required;
    bool declared; /* named by "properties" */
};

struct schema_pattern_property {
    const struct schema_regex *regex;
    const struct schema *schema;
};

struct schema_dependency { /* if `name` is there: `names` must be too, and `schema` must hold */
    struct str name;
    const struct str *names;
    size_t names_count;
    const struct schema *schema; /* NULL for dependentRequired */
};

struct schema_object {
    size_t min_properties, max_properties;
    struct schema_property *properties; /* "properties" and "required", each name once */
    size_t properties_count;
    size_t required_count;
    uint32_t *slots; /* hash table of properties: index + 1, 0 is free */
    uint32_t slots_mask;
    struct schema_pattern_property *patterns;
    size_t patterns_count;
    const struct schema *additional;
    const struct schema *names;
    struct schema_dependency *dependencies;
    size_t dependencies_count;
    const struct schema *unevaluated;
};

struct schema_values { /* enum or const */
    json_t *const *values;
    size_t count;
    struct str text;
};

struct schema_list {
    const struct schema **schemas;
    size_t count;
};

struct schema_logic {
    struct schema_list all_of, any_of, one_of;
    const struct schema *not_;
    const struct schema *if_, *then_, *else_;
    struct str discriminator; /* OpenAPI: the property that tells the branches apart, or STR_NONE */
};

struct schema {
    struct schema_set *set;
    json_t *json;
    struct str where; /* JSON Pointer in the document */
    bool never;       /* the schema `false` */
    unsigned types;   /* 0: any */
    struct str types_text;
    const struct schema_values *enum_, *const_;
    struct schema_number *number;
    struct schema_string *string;
    const struct schema_format *format;
    struct schema_array *array;
    struct schema_object *object;
    struct schema_logic *logic;
    struct schema_resource *resource; /* what its references start from */
    const struct schema *ref;
    const struct schema *dynamic_ref;
    struct str dynamic_name; /* of the "$dynamicAnchor" that dynamic_ref leads to; STR_NONE: it is
                                as static as ref */
    unsigned height;         /* levels of in-place application below it, set by the loop check */
    int loop_check;          /* 0 not begun, 1 under way, 2 done */
    struct schema *next;     /* queue of those to compile, then list of all */
};

struct schema_resource;

struct schema_ref { /* one "$ref" or "$dynamicRef" until it is resolved */
    struct schema *schema;
    struct str text;
    bool dynamic;
    struct schema_ref *next;
};

struct schema_slot {
    const json_t *json;
    struct schema *schema;
};

struct schema_set {
    json_t *root;
    struct arena arena;
    uint64_t seed; /* of the hashes that uniqueItems makes, so that nobody can prepare collisions */
    struct schema *queue_first, *queue_last;
    struct schema *all;
    struct schema_ref *refs;           /* those not resolved yet */
    struct schema_resource *resources; /* newest first */
    struct schema_slot *slots;         /* location in the document -> schema; malloc'd, grows */
    size_t slots_capacity, slots_count;
    pcre2_compile_context *compile_context;
    pcre2_match_context *match_context;
    enum status status; /* sticks: a set that failed can only be destroyed */
    struct buf *error;  /* of the call under way */
};

/* schema_set.c */
/* The schema at `json`, which is at `where` in a resource; queued for compiling if new. NULL:
 * memory, or not a schema (both recorded). */
struct schema *schema_at(struct schema_set *set, json_t *json, struct str where,
                         struct schema_resource *resource);
/* The schema made for that place, or NULL. */
const struct schema *schema_known(const struct schema_set *set, const json_t *json);
/* One step of a JSON Pointer: the member or item that a reference token names; NULL if there is
 * none. */
json_t *schema_find_token(json_t *json, struct str token);
/* Records the first failure and its text; always false, so that `return schema_fail(...)` reads
 * well. */
bool schema_fail(struct schema_set *set, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool schema_no_memory(struct schema_set *set);

/* A place as an error shows it. */
static inline struct str schema_shown(struct str where) {
    return where.len == 0 ? STR("the root") : where;
}

/* schema_never_asked.c: whether a member of that name would hold what this API never asks for
 * (birth date, photo, nationality, past pay ...), without regard to case and separators. */
bool schema_never_asked(struct str name);

/* schema_compile.c: fills one queued schema, queueing those it names. False: set->status tells. */
bool schema_fill(struct schema *schema);
/* `parent` followed by one or two more reference tokens (key2 may be STR_NONE), escaped, in the
 * set's arena. */
struct str schema_where(struct schema_set *set, struct str parent, struct str key, struct str key2);

/* `parent` followed by a whole JSON Pointer. */
struct str schema_where_join(struct schema_set *set, struct str parent, struct str pointer);

/* schema_refs.c */
struct schema_resource *schema_root_resource(struct schema_set *set); /* NULL: memory (recorded) */
bool schema_compile_id(struct schema *schema);                        /* before any other keyword */
bool schema_compile_anchor(struct schema *schema, json_t *value, bool dynamic);
bool schema_compile_ref(struct schema *schema, json_t *value, bool dynamic);
bool schema_resolve_refs(
    struct schema_set *set); /* those noted so far; may queue further schemas */

/* The schema with that "$dynamicAnchor" in the resource, or NULL. */
const struct schema *schema_dynamic_anchor(const struct schema_resource *resource, struct str name);
const struct schema_resource *schema_resource_next(const struct schema_resource *resource);

/* schema_uri.c: `reference` against `base`; *uri without the fragment, which is *fragment
 * (STR_NONE: none). */
bool schema_uri_resolve(struct schema_set *set, struct str base, struct str reference,
                        struct str *uri, struct str *fragment);

/* schema_compile_keywords.c: one function a group of keywords, each false on failure. */
bool schema_compile_type(struct schema *schema, json_t *value);
bool schema_compile_enum(struct schema *schema, json_t *value);
bool schema_compile_const(struct schema *schema, json_t *value);
bool schema_compile_limit(struct schema *schema, const char *keyword, json_t *value);
bool schema_compile_count(struct schema *schema, const char *keyword, json_t *value);
bool schema_compile_pattern(struct schema *schema, json_t *value);
bool schema_compile_format(struct schema *schema, json_t *value);
struct schema_number *schema_number_of(struct schema *schema);
struct schema_string *schema_string_of(struct schema *schema);
struct schema_array *schema_array_of(struct schema *schema);
struct schema_object *schema_object_of(struct schema *schema);
struct schema_logic *schema_logic_of(struct schema *schema);

/* schema_compile_object.c */
bool schema_compile_properties(struct schema *schema); /* "properties" and "required" together */
bool schema_compile_pattern_properties(struct schema *schema, json_t *value);
bool schema_compile_dependent(struct schema *schema, const char *keyword, json_t *value);
uint32_t schema_name_hash(struct str name);
const struct schema_property *schema_property_find(const struct schema_object *object,
                                                   struct str name);

/* schema_number.c */
int number_compare(const json_t *a, const json_t *b); /* exact: -1, 0, 1 */
bool number_is_integral(const json_t *number);
bool number_is_multiple(const json_t *number, const json_t *divisor);
#define NUMBER_TEXT_SIZE 40
size_t number_text(const json_t *number,
                   char out[NUMBER_TEXT_SIZE]);            /* shortest that reads back the same */
uint64_t number_hash(const json_t *number, uint64_t seed); /* equal numbers hash alike */

/* schema_value.c */
bool value_equal(const json_t *a,
                 const json_t *b); /* 1 equals 1.0; recursion as deep as the shallower of the two */
bool value_is_deeper(const json_t *value, unsigned levels);
/* Tells whether two items are equal, and which. Items no deeper than SCHEMA_DEPTH_MAX. */
enum status values_find_equal(const json_t *array, uint64_t seed, struct arena *arena, bool *found,
                              size_t *first, size_t *second);

/* schema_regex.c */
/* Compiles an ECMA-262 pattern; INVALID with a text in `error` if it is none. */
enum status schema_regex_compile(struct schema_set *set, struct str pattern,
                                 const struct schema_regex **out, struct buf *error);
/* Writes the PCRE2 form of an ECMA-262 pattern; INVALID for what that grammar does not have. */
enum status schema_regex_translate(struct str pattern, struct buf *out);
bool schema_regex_is_valid(struct str pattern);
extern const uint32_t schema_regex_options;

/* schema_format*.c */
const struct schema_format *schema_format_find(struct str name); /* NULL: unknown */
bool format_date(struct str s);
bool format_time(struct str s);
bool format_date_time(struct str s);
bool format_duration(struct str s);
bool format_email(struct str s);
bool format_idn_email(struct str s);
bool format_hostname(struct str s);
bool format_ipv4(struct str s);
bool format_ipv6(struct str s);
bool format_cidr(struct str s);
bool format_uri(struct str s);
bool format_uri_reference(struct str s);
bool format_iri(struct str s);
bool format_iri_reference(struct str s);
bool format_uri_template(struct str s);
bool format_language_tag(struct str s);

/* Evaluation ---------------------------------------------------------------------------------- */

/* One value under test and where it is. Lives on the stack of the evaluation. */
struct node {
    json_t *json;    /* NULL: a property's name, which is `text` */
    struct str text; /* of strings */
    unsigned type_bits;
    unsigned depth;
    const struct node *parent; /* NULL: the root, whose pointer is `key` */
    struct str key;
    size_t index;
    bool is_item; /* index, not key, is its last reference token */
};

/* Schemas applied to values in one evaluation. A megabyte of JSON takes a million or two; a schema
 * whose branches multiply with the depth of a hostile instance is stopped here, within a second. */
#define EVALUATION_STEPS_MAX ((size_t)4 * 1000 * 1000)

/* The resources that evaluation went through to where it is: what "$dynamicRef" looks at. */
struct scope {
    const struct schema_resource *resource;
    const struct scope *outer;
};

struct evaluation {
    const struct scope *scope;
    const struct schema_set *set;
    struct violations *violations; /* NULL: only the verdict is wanted, stop at the first failure */
    struct arena *arena;
    pcre2_match_data *match_data; /* made at the first pattern, from the arena */
    bool no_memory;               /* the verdict is worthless */
    bool gave_up;                 /* over EVALUATION_STEPS_MAX: nothing further is looked at */
    size_t steps;                 /* schemas applied so far */
};

/* schema_validate.c */
bool schema_eval(struct evaluation *evaluation, const struct schema *schema,
                 const struct node *node);
/* Where "$dynamicRef" of the schema leads from here; NULL if it has none. */
const struct schema *schema_dynamic_target(const struct evaluation *evaluation,
                                           const struct schema *schema);
/* The same without reporting. */
bool schema_holds(struct evaluation *evaluation, const struct schema *schema,
                  const struct node *node);
struct node node_member(const struct node *parent, struct str key, json_t *value);
struct node node_item(const struct node *parent, size_t index, json_t *value);
struct node node_name(const struct node *parent, struct str key);
/* Adds a violation at the node, or at its member `member` unless that is STR_NONE. Always false. */
bool schema_report(struct evaluation *evaluation, const struct node *node, struct str member,
                   const char *code, struct str param0, struct str param1);
/* Appends the node's JSON Pointer, the base included, and the member's token unless that is
 * STR_NONE. A pointer longer than SCHEMA_POINTER_MAX gives way to that of the nearest value above
 * which is not: a client must not be able to have its own long names sent back many times over. */
#define SCHEMA_POINTER_MAX 1024
void schema_node_pointer(const struct node *node, struct str member, struct buf *out);
struct str schema_count_text(struct evaluation *evaluation, size_t count);
bool schema_matches(struct evaluation *evaluation, const struct schema_regex *regex,
                    struct str text);

/* schema_validate_object.c, schema_validate_array.c, schema_validate_union.c */
bool schema_eval_object(struct evaluation *evaluation, const struct schema *schema,
                        const struct node *node);
bool schema_eval_array(struct evaluation *evaluation, const struct schema *schema,
                       const struct node *node);
bool schema_eval_any_of(struct evaluation *evaluation, const struct schema *schema,
                        const struct node *node);
bool schema_eval_one_of(struct evaluation *evaluation, const struct schema *schema,
                        const struct node *node);

/* schema_unevaluated.c: after everything else of the schema. */
bool schema_eval_unevaluated(struct evaluation *evaluation, const struct schema *schema,
                             const struct node *node);

#endif

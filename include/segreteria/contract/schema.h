/* JSON Schema 2020-12, compiled once and evaluated many times. What is supported:
 * docs/json-schema.md.
 *
 * A compiled schema is immutable and may be used by any number of threads. Evaluation allocates
 * only from the given arena (a copy for a long array's uniqueItems, the state of a regular
 * expression, violations), and reports every violation (up to a limit) with a JSON Pointer (RFC
 * 6901) into the instance. It is bounded: schemas that apply to the same value without end are a
 * compile error, an instance deeper than SCHEMA_DEPTH_MAX levels is a violation (too_deep), so is
 * one that takes millions of steps (too_complex), and a regular expression that backtracks too much
 * does not match. An unknown keyword or format is a compile error that names it, except annotations
 * (title, description, examples, example, default, deprecated, readOnly, writeOnly, externalDocs,
 * xml, content*, $comment, x-*). OpenAPI's discriminator refuses nothing; it tells which branch of
 * a union was meant, so that the violations are that branch's.
 */
#ifndef SEGRETERIA_CONTRACT_SCHEMA_H
#define SEGRETERIA_CONTRACT_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/arena.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define SCHEMA_DEPTH_MAX 64

struct schema_set; /* all schemas compiled from one document; owns them */
struct schema;     /* one compiled schema, borrowed from its set */

/* One violation. `code` is static (see the contract's list: "required", "type", ...). `params` are
 * up to two short texts for the message ("3", "title"), borrowed from the schema or the arena. */
struct violation {
    struct str pointer; /* into the instance; "" is the whole of it */
    const char *code;
    struct str params[2];
    struct violation *next;
};

/* Collects violations in order; the first `max` are kept, the rest counted. */
struct violations {
    struct arena *arena;
    struct violation *first, *last;
    size_t count; /* all that were reported, kept or not */
    size_t max;
};

#define VIOLATIONS_MAX 50
void violations_init(struct violations *violations, struct arena *arena);
/* Copies pointer and params into the arena; a param is cut at 512 bytes. Out of arena counts but
 * keeps nothing. Code must be static. */
void violations_add(struct violations *violations, struct str pointer, const char *code,
                    struct str param0, struct str param1);

/* A sentence for people in `lang` ("en" or "it"), appended to out: "must be at most 160
 * characters". */
void violation_describe(const struct violation *violation, const char *lang, struct buf *out);

/* root: the whole document (an OpenAPI description or a bare schema); borrowed by the set for its
 * whole life (a reference is taken). error receives, on failure, what is wrong and where
 * ("unsupported keyword 'dependencies' at /properties/a"). UNSUPPORTED: unknown keyword or feature;
 * INVALID: the schema is malformed; NO_MEMORY. */
NODISCARD enum status schema_set_create(json_t *root, struct schema_set **out, struct buf *error);
void schema_set_destroy(struct schema_set *set);

/* Compiles (once; later calls give the same) the schema at a JSON Pointer of the root
 * ("/components/schemas/Job", "" for the root itself), and all it refers to ("$ref", "$id",
 * "$anchor" within the document). After a failure the set can only be destroyed. Only before
 * threads share the set. */
NODISCARD enum status schema_compile(struct schema_set *set, struct str pointer,
                                     const struct schema **out, struct buf *error);

/* Appends every violation of `instance` (whose strings must be UTF-8, as jansson's parser sees to),
 * whose own pointer is `base` ("" for a body). Returns false only when memory or the arena's limit
 * ran out; whether it is valid is told by violations->count not having grown. */
NODISCARD bool schema_validate(const struct schema *schema, const json_t *instance, struct str base,
                               struct violations *violations);

/* What a query or path parameter's text should be turned into before it is validated; from the
 * schema's "type". A schema without a type (or with several) says SCHEMA_ANY. */
enum schema_type {
    SCHEMA_ANY,
    SCHEMA_STRING,
    SCHEMA_INTEGER,
    SCHEMA_NUMBER,
    SCHEMA_BOOLEAN,
    SCHEMA_ARRAY,
    SCHEMA_OBJECT
};
enum schema_type schema_type_of(const struct schema *schema);
/* The schema of an array's items ("items"), or NULL. */
const struct schema *schema_items_of(const struct schema *schema);

#endif

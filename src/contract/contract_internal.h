/* What the files of the compiled contract share; nothing here is shown to other rooms. */
#ifndef SEGRETERIA_CONTRACT_CONTRACT_INTERNAL_H
#define SEGRETERIA_CONTRACT_CONTRACT_INTERNAL_H

#include "segreteria/contract/contract.h"

/* --- Routes ------------------------------------------------------------------------------- */

#define ROUTE_SEGMENTS_MAX 16

/* One segment of the path templates. Children with a fixed text are tried before the parameter. */
struct route_node {
    struct str segment;          /* decoded; of a parameter: unused */
    struct route_node *children; /* fixed ones, linked by next */
    struct route_node *next;
    struct route_node *parameter; /* "{...}" */
    struct str template;          /* the path that ends here, for the message about a second one */
    const struct operation *operations[HTTP_METHOD_OTHER];
    uint32_t allowed; /* methods; 0: no path ends here */
};

/* Adds an operation under its path. EXISTS: the path, or one of the same shape, has the method or
 * another spelling of it already; INVALID: not a path template; TOO_LARGE: too many segments or
 * parameters. */
NODISCARD enum status route_add(struct route_node *root, const struct operation *operation,
                                struct arena *arena);

/* Undoes the percent-encoding into the arena, or gives `raw` itself where there is none. INVALID: a
 * bad escape or NUL. */
NODISCARD enum status percent_decode(struct str raw, bool plus_is_space, struct arena *arena,
                                     struct str *out);

/* --- The contract ------------------------------------------------------------------------- */

struct contract {
    struct arena arena; /* everything below */
    json_t *root;
    struct schema_set *schemas;
    struct operation *operations;
    size_t operations_count;
    const struct operation **operations_by_id;
    struct problem_type *problems; /* sorted by code */
    size_t problems_count;
    struct route_node routes;
};

/* A value of the description and where it is. */
struct place {
    json_t *json; /* NULL: there is none */
    struct str pointer;
};

/* While it is built. The first error ends it: `status` and the text in `error`. */
struct builder {
    struct contract *contract;
    struct arena *arena; /* the contract's */
    struct buf *error;
    enum status status;
};

/* contract_place.c. Functions that answer bool say false once the builder has failed. */
bool build_fail(struct builder *builder, enum status status, struct str where, const char *format,
                ...) PRINTF_LIKE(4, 5);
bool build_no_memory(struct builder *builder);
struct place place_member(struct builder *builder, struct place place, const char *key);
struct place place_item(struct builder *builder, struct place place, size_t index);
/* Follows "$ref": "#/..." where an OpenAPI object may be a reference. */
bool place_resolve(struct builder *builder, struct place *place);
bool place_schema(struct builder *builder, struct place place, const struct schema **out);
/* A string's text, borrowed from the description. An absent one is STR_NONE unless required. */
bool place_text(struct builder *builder, struct place parent, const char *key, bool required,
                struct str *out);
/* False: neither true nor false. Absent is `absent`. */
bool place_bool(struct builder *builder, struct place parent, const char *key, bool absent,
                bool *out);
bool place_count(struct builder *builder, struct place parent, const char *key, uint64_t absent,
                 uint64_t *out);
/* The members of an object must be among `known` (NULL-terminated) or begin with "x-", but not with
 * "x-segreteria-": an extension of ours that is misspelt must not go unnoticed. */
bool place_known(struct builder *builder, struct place place, const char *const *known);

/* contract_problems.c */
bool build_problems(struct builder *builder);
/* The array `list` (it may be absent) holds codes of the catalogue. */
bool check_problem_codes(struct builder *builder, struct place list);
bool build_operation_problems(struct builder *builder, struct place place,
                              struct operation *operation);

/* contract_parameters.c: the parameters of the path item and those of the operation that replace
 * them. */
bool build_parameters(struct builder *builder, struct place path_item, struct place place,
                      struct operation *operation);
bool build_component_parameter(struct builder *builder, struct place place);

/* contract_payload.c */
bool build_bodies(struct builder *builder, struct place place, struct operation *operation);
bool build_responses(struct builder *builder, struct place place, struct operation *operation);
bool build_components(struct builder *builder);

/* contract_access.c: security, principals, roles, cache policy. */
bool build_access(struct builder *builder, struct place place, struct operation *operation);

#endif

/* openapi.yaml, compiled: which operation a request means and whether it keeps to the contract.
 * Built once at start, immutable afterwards, shared by all workers without locks.
 */
#ifndef SEGRETERIA_CONTRACT_CONTRACT_H
#define SEGRETERIA_CONTRACT_CONTRACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/contract/schema.h"
#include "segreteria/core/arena.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

/* RFC 9110 section 9: those an operation may have, and those answered for all. */
enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHOD_OTHER
};
const char *http_method_name(enum http_method method);
enum http_method http_method_parse(struct str name); /* case-sensitive; OTHER when unknown */

/* Scopes as a bit set; the bit of a scope is its index in contract_scope_name. */
typedef uint32_t scope_set; /* a plain integer: the one typedef, for readability of signatures */
const char *contract_scope_name(unsigned bit); /* NULL past the last */
NODISCARD enum status contract_scope_parse(struct str name, scope_set *bit);

enum principal_kind {
    PRINCIPAL_ANONYMOUS,
    PRINCIPAL_COMPANY,
    PRINCIPAL_CANDIDATE,
    PRINCIPAL_OPERATOR
};
#define PRINCIPAL_COUNT 4
enum company_role { ROLE_NONE, ROLE_VIEWER, ROLE_RECRUITER, ROLE_OWNER };
enum cache_policy { CACHE_NO_STORE, CACHE_PRIVATE, CACHE_PUBLIC };
/* Operations that share a rate limit ("x-segreteria-rate"). */
enum rate_class { RATE_NONE, RATE_READ, RATE_WRITE, RATE_SIGN_IN, RATE_UPLOAD, RATE_EXPORT };
#define RATE_CLASSES 6
const char *contract_rate_class_name(enum rate_class class); /* "sign_in" */
NODISCARD enum status contract_rate_class_parse(struct str name, enum rate_class *out);
enum parameter_place { IN_PATH, IN_QUERY, IN_HEADER };

struct contract_parameter {
    struct str name;
    enum parameter_place place;
    bool required;
    bool array;   /* schema type array: repeated or with commas, see contract_parse_parameters */
    bool explode; /* arrays: a comma that is percent-encoded is part of a value; false: it separates
                     too */
    enum schema_type
        type; /* of the value, or of the items of an array: what the text is turned into */
    const struct schema *schema;
    struct str default_text;         /* the schema's "default" as text, or STR_NONE */
    const struct str *default_items; /* the same of an array */
    size_t default_items_count;
};

struct contract_body {
    struct str media_type;       /* "application/json" */
    const struct schema *schema; /* NULL where the contract gives none (a stream, a document) */
};

struct operation {
    struct str id; /* "jobs_create" */
    enum http_method method;
    struct str path; /* "/v1/jobs/{job_id}" */
    unsigned index;  /* 0..contract_operations_count()-1 */
    const struct contract_parameter
        *parameters; /* those of the path first, in order of the template */
    size_t parameters_count;
    const struct contract_body
        *bodies; /* accepted request media types; none: no body is accepted */
    size_t bodies_count;
    bool body_required;
    /* PATCH: what the merged document must satisfy, by kind of the caller ("x-segreteria-document":
     * "#/components/schemas/JobInput" for all, or {company: "#/...", candidate: "#/..."}); NULL
     * elsewhere. */
    const struct schema *document_schemas[PRINCIPAL_COUNT];
    uint64_t body_limit;               /* bytes */
    bool stream;                       /* the handler takes the body as it arrives */
    const struct str *responses_types; /* media types of its successful answers, for Accept; the
                                          first is the default */
    size_t responses_types_count;
    bool anonymous_allowed;
    bool bearer_allowed; /* false: a token is ignored (sign-in, registration, static pages) */
    scope_set scopes;    /* all of these are needed by a token (0: any token) */
    uint32_t principals; /* bit set of 1u << principal_kind that may call with a token */
    enum company_role role_min; /* least role of a company member; ROLE_NONE: any */
    enum cache_policy cache;
    unsigned max_age_s;
    bool cors_public;
    bool while_suspended;        /* a suspended company's members may call it
                                    ("x-segreteria-while-suspended") */
    enum rate_class rate;        /* by default: read for GET, else write */
    const char *const *problems; /* its problem codes */
    size_t problems_count;
};

/* One problem code of the catalogue (x-segreteria-problems). Texts by language index: 0 en, 1 it.
 */
enum lang { LANG_EN, LANG_IT };
#define LANG_COUNT 2
const char *lang_tag(enum lang lang);
struct problem_type {
    const char *code;
    int status;
    struct str title[LANG_COUNT], detail[LANG_COUNT], help[LANG_COUNT];
};

struct contract;

/* Compiles the embedded description. error says what is wrong and where. Every schema it reaches is
 * compiled here, so a keyword the validator does not know is a start-up error. */
NODISCARD enum status contract_create(const void *json, size_t json_len, struct contract **out,
                                      struct buf *error);
void contract_destroy(struct contract *contract);

size_t contract_operations_count(const struct contract *contract);
const struct operation *contract_operation_at(const struct contract *contract, size_t index);
const struct operation *contract_operation_find(const struct contract *contract, struct str id);
size_t contract_problems_count(const struct contract *contract);
const struct problem_type *contract_problem_at(const struct contract *contract, size_t index);
const struct problem_type *contract_problem_find(const struct contract *contract,
                                                 struct str code); /* NULL: none */

#define CONTRACT_PATH_PARAMS_MAX 4
struct route {
    const struct operation *operation;                /* NULL: see `allowed` */
    struct str path_params[CONTRACT_PATH_PARAMS_MAX]; /* decoded, in order of the template */
    size_t path_params_count;
    uint32_t allowed; /* bit set of 1u << http_method the path has (HEAD with GET, OPTIONS always);
                         0: no such path */
};

/* path: the raw, still percent-encoded path ("/v1/jobs/018f..."), without the query. Decodes
 * segment by segment: an encoded slash stays inside its segment, NUL or a bad escape gives INVALID
 * (400). Empty segments, trailing slashes and dot segments (encoded ones too) match nothing. A
 * fixed segment is preferred to a parameter. HEAD routes to the GET operation. Allocates only what
 * had to be decoded; NO_MEMORY when the arena is exhausted. */
NODISCARD enum status contract_route(const struct contract *contract, enum http_method method,
                                     struct str path, struct arena *arena, struct route *out);

/* Parameter values by index of operation->parameters. present = false: absent and without default.
 */
struct parameter_values {
    struct parameter_value {
        bool present;
        struct str text;         /* decoded; for arrays unused */
        const struct str *items; /* arrays */
        size_t items_count;
    } * values;
    size_t count;
};

/* Parses and validates path and query parameters, and header parameters through `header` (which may
 * be NULL). query: raw, without '?'. '+' is a space. Integers are decimal without leading zero, '+'
 * or exponent; booleans true and false; so a value's text is canonical and may be bound as it is.
 * Arrays take repeated parameters and commas alike. Unknown parameters, a repeated single one, bad
 * escapes, NUL and invalid UTF-8 are violations, named by place and name (of an array's item, the
 * violation's pointer says which: "/2"); at most VIOLATIONS_MAX are kept. NO_MEMORY when the arena
 * is exhausted; OK otherwise, whether or not there are violations (*violations is NULL when there
 * are none). */
struct parameter_violation {
    enum parameter_place place;
    struct str name;
    struct violation violation;
    struct parameter_violation *next;
};
typedef struct str (*header_lookup)(void *context, struct str name);
NODISCARD enum status contract_parse_parameters(const struct operation *operation,
                                                const struct route *route, struct str query,
                                                header_lookup header, void *context,
                                                struct arena *arena, struct parameter_values *out,
                                                struct parameter_violation **violations);

/* The operation's body entry for a Content-Type (parameters such as charset=utf-8 are allowed,
 * another charset is not); NULL: 415. */
const struct contract_body *contract_body_find(const struct operation *operation,
                                               struct str content_type);

/* Parses a JSON body, strictly (RFC 8259, and what RFC 7493 asks of names, numbers and text).
 * INVALID with
 * - one violation that ends the parse: invalid_json (params: line and column, from 1; no BOM, NaN,
 * comments or trailing commas), encoding (not UTF-8), too_deep (more than JSON_DEPTH_MAX levels),
 * too_complex (JSON_VALUES_MAX);
 * - any number of these, each with its pointer: duplicate_key (params[0]: the name), nul_character,
 * encoding (a lone surrogate), number_range (an integer beyond 2^53, a real that no double can
 * hold, over 64 characters). Numbers without a fractional part come out as integers however they
 * were written (5.0, 1e2), as JSON Schema counts them; contract_write_json writes them so. The
 * json_t is released with the arena. */
#define JSON_DEPTH_MAX 32
#define JSON_VALUES_MAX 20000
NODISCARD enum status contract_parse_json(struct str body, struct arena *arena,
                                          struct violations *violations, json_t **out);

/* The value as compact JSON text, NUL-terminated, in the arena. Reals have up to 15 significant
 * digits, so that 19.99 stays 19.99 (json_dumps makes 19.989999999999998 of it). TOO_LARGE past
 * twice JSON_DEPTH_MAX levels. */
NODISCARD enum status contract_write_json(const json_t *json, struct arena *arena, struct str *out);

#endif

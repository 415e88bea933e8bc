/* Who may call an operation, and who may keep its answer: security, principals, roles, caching. */
#include "contract_internal.h"

static const char *const scope_names[] = {
    "jobs:read",        "jobs:write",   "applications:read", "applications:write", "company:read",
    "company:write",    "profile:read", "profile:write",     "tokens:write",       "webhooks:write",
    "moderation:write", "audit:read",   "candidates:read",
};
#define SCOPES_COUNT (sizeof scope_names / sizeof scope_names[0])

const char *contract_scope_name(unsigned bit) {
    return bit < SCOPES_COUNT ? scope_names[bit] : NULL;
}

enum status contract_scope_parse(struct str name, scope_set *bit) {
    for (unsigned i = 0; i < SCOPES_COUNT; i++) {
        if (str_eq(name, str_of(scope_names[i]))) {
            *bit = (scope_set)1 << i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

static struct str text_of(struct place place) {
    return str_from(json_string_value(place.json), json_string_length(place.json));
}

static bool build_scopes(struct builder *builder, struct place list, scope_set *scopes) {
    for (size_t i = 0; i < json_array_size(list.json); i++) {
        struct place item = place_item(builder, list, i);
        scope_set bit = 0;
        if (contract_scope_parse(text_of(item), &bit) != STATUS_OK)
            return build_fail(builder, STATUS_NOT_FOUND, item.pointer, "unknown scope '%.*s'",
                              STR_FMT(text_of(item)));
        *scopes |= bit;
    }
    return builder->status == STATUS_OK;
}

/* One alternative of `security`: {} is anyone, {bearer: [scopes]} a token. */
static bool build_alternative(struct builder *builder, struct place place,
                              struct operation *operation) {
    if (!json_is_object(place.json))
        return build_fail(builder, STATUS_INVALID, place.pointer, "an object is expected");
    if (json_object_size(place.json) == 0) {
        operation->anonymous_allowed = true;
        return true;
    }
    struct place scopes = place_member(builder, place, "bearer");
    if (!json_is_array(scopes.json) || json_object_size(place.json) != 1)
        return build_fail(builder, STATUS_UNSUPPORTED, place.pointer,
                          "only the security scheme 'bearer' is supported");
    if (operation->bearer_allowed)
        return build_fail(builder, STATUS_UNSUPPORTED, place.pointer, "'bearer' may be given once");
    operation->bearer_allowed = true;
    return build_scopes(builder, scopes, &operation->scopes);
}

/* Scopes stand beside `security`, in "x-segreteria-scopes": tools expect them inside it only for
 * OAuth 2. */
static bool build_security(struct builder *builder, struct place place,
                           struct operation *operation) {
    struct place security = place_member(builder, place, "security");
    if (security.json == NULL)
        security = place_member(builder, (struct place){builder->contract->root, STR("")},
                                "security");
    if (!json_is_array(security.json))
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "the operation has no 'security' and the root neither");
    operation->anonymous_allowed = json_array_size(security.json) == 0;
    for (size_t i = 0; i < json_array_size(security.json); i++)
        if (!build_alternative(builder, place_item(builder, security, i), operation))
            return false;
    struct place scopes = place_member(builder, place, "x-segreteria-scopes");
    if (scopes.json != NULL && !json_is_array(scopes.json))
        return build_fail(builder, STATUS_INVALID, scopes.pointer,
                          "an array of scopes is expected");
    return build_scopes(builder, scopes, &operation->scopes);
}

/* The bits (index in names) of the strings in the array `key`; absent gives `absent`. */
static bool build_bits(struct builder *builder, struct place place, const char *key,
                       const char *const *names, size_t names_count, uint32_t absent,
                       uint32_t *out) {
    struct place list = place_member(builder, place, key);
    *out = absent;
    if (list.json == NULL)
        return builder->status == STATUS_OK;
    if (json_array_size(list.json) == 0)
        return build_fail(builder, STATUS_INVALID, list.pointer, "a non-empty array is expected");
    *out = 0;
    for (size_t i = 0; i < json_array_size(list.json); i++) {
        struct place item = place_item(builder, list, i);
        size_t bit = 0;
        while (bit < names_count &&
               (names[bit] == NULL || !str_eq(text_of(item), str_of(names[bit]))))
            bit++;
        if (bit == names_count)
            return build_fail(builder, STATUS_INVALID, item.pointer, "unknown value '%.*s'",
                              STR_FMT(text_of(item)));
        *out |= (uint32_t)1 << bit;
    }
    return builder->status == STATUS_OK;
}

static bool build_principals(struct builder *builder, struct place place,
                             struct operation *operation) {
    static const char *const kinds[] = {NULL, "company", "candidate", "operator"};
    static const char *const roles[] = {NULL, "viewer", "recruiter", "owner"};
    const uint32_t everyone = 1U << PRINCIPAL_COMPANY | 1U << PRINCIPAL_CANDIDATE |
                              1U << PRINCIPAL_OPERATOR;
    uint32_t allowed = 0;
    if (!build_bits(builder, place, "x-segreteria-principals", kinds, PRINCIPAL_COUNT, everyone,
                    &operation->principals) ||
        !build_bits(builder, place, "x-segreteria-roles", roles, ROLE_OWNER + 1, 0, &allowed))
        return false;
    enum company_role least = ROLE_NONE;
    for (unsigned role = ROLE_OWNER; role > ROLE_NONE; role--) {
        bool in = (allowed & 1U << role) != 0;
        if (in && role != ROLE_OWNER && least != (enum company_role)(role + 1))
            return build_fail(builder, STATUS_UNSUPPORTED, place.pointer,
                              "'x-segreteria-roles' must include every role above its least");
        if (in)
            least = (enum company_role)role;
    }
    operation->role_min = least;
    return true;
}

static bool build_cache(struct builder *builder, struct place place, struct operation *operation) {
    struct str cache, cors;
    uint64_t max_age = 0;
    if (!place_text(builder, place, "x-segreteria-cache", false, &cache) ||
        !place_text(builder, place, "x-segreteria-cors", false, &cors) ||
        !place_bool(builder, place, "x-segreteria-while-suspended", false,
                    &operation->while_suspended) ||
        !place_count(builder, place, "x-segreteria-max-age", 0, &max_age))
        return false;
    if (str_eq(cache, STR("public")))
        operation->cache = CACHE_PUBLIC;
    else if (str_eq(cache, STR("private")))
        operation->cache = CACHE_PRIVATE;
    else if (!str_is_none(cache) && !str_eq(cache, STR("no-store")))
        return build_fail(builder, STATUS_INVALID, place.pointer, "unknown cache policy '%.*s'",
                          STR_FMT(cache));
    if (max_age > 0 && operation->cache == CACHE_NO_STORE)
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "'x-segreteria-max-age' needs a cache policy");
    if (max_age > UINT32_MAX / 2)
        return build_fail(builder, STATUS_TOO_LARGE, place.pointer,
                          "'x-segreteria-max-age' is too large");
    if (!str_is_none(cors) && !str_eq(cors, STR("public")))
        return build_fail(builder, STATUS_INVALID, place.pointer, "unknown CORS policy '%.*s'",
                          STR_FMT(cors));
    operation->max_age_s = (unsigned)max_age;
    operation->cors_public = !str_is_none(cors);
    return true;
}

static const char *const rate_names[RATE_CLASSES] = {"none",    "read",   "write",
                                                     "sign_in", "upload", "export"};

const char *contract_rate_class_name(enum rate_class class) { return rate_names[class]; }

enum status contract_rate_class_parse(struct str name, enum rate_class *out) {
    for (unsigned i = 0; i < RATE_CLASSES; i++)
        if (str_eq(name, str_of(rate_names[i]))) {
            *out = (enum rate_class)i;
            return STATUS_OK;
        }
    return STATUS_NOT_FOUND;
}

static bool build_rate(struct builder *builder, struct place place, struct operation *operation) {
    struct str name;
    operation->rate = operation->method == HTTP_GET ? RATE_READ : RATE_WRITE;
    if (!place_text(builder, place, "x-segreteria-rate", false, &name))
        return false;
    if (!str_is_none(name) && contract_rate_class_parse(name, &operation->rate) != STATUS_OK)
        return build_fail(builder, STATUS_INVALID, place.pointer, "unknown rate class '%.*s'",
                          STR_FMT(name));
    return true;
}

bool build_access(struct builder *builder, struct place place, struct operation *operation) {
    return build_security(builder, place, operation) &&
           build_principals(builder, place, operation) && build_cache(builder, place, operation) &&
           build_rate(builder, place, operation);
}

/* Values for the parameters of statements, by name: what the handler bound, what the contract
 * parsed, what is known of the caller. Everything is text; the SQL casts.
 */
#include "internal.h"

static void bind_as(struct api_call *call, const char *name, struct str value, bool bytes) {
    for (size_t i = 0; i < call->bound_count; i++)
        if (strcmp(call->bound[i].name, name) == 0) {
            call->bound[i].value = value;
            call->bound[i].bytes = bytes;
            return;
        }
    if (call->bound_count ==
        API_BOUND_MAX) { /* a handler's bug; the statement will miss the name and say so */
        log_error("api_bind_overflow", "operation=%.*s name=%s", STR_FMT(call->operation->id),
                  name);
        return;
    }
    call->bound[call->bound_count].name = name;
    call->bound[call->bound_count].bytes = bytes;
    call->bound[call->bound_count++].value = value;
}

void api_bind(struct api_call *call, const char *name, struct str value) {
    bind_as(call, name, value, false);
}

void api_bind_bytes(struct api_call *call, const char *name, struct str value) {
    bind_as(call, name, value, true);
}

enum status api_bind_hash(struct api_call *call, const char *name, const struct key *key,
                          struct str token) {
    unsigned char hash[TOKEN_HASH_BYTES];
    char *text = arena_alloc(call->arena, TOKEN_HASH_TEXT_SIZE);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    token_hash_with(key, token, hash);
    token_hash_text(hash, text);
    api_bind(call, name, str_of(text));
    return STATUS_OK;
}

bool bound_bytes(const struct api_call *call, const char *name) {
    for (size_t i = 0; i < call->bound_count; i++)
        if (strcmp(call->bound[i].name, name) == 0)
            return call->bound[i].bytes;
    return false;
}

struct str bind_array(struct arena *arena, const struct str *items, size_t count) {
    size_t size = 3;
    for (size_t i = 0; i < count; i++)
        size += 3 + 2 * items[i].len;
    char *text = arena_alloc(arena, size);
    if (text == NULL)
        return STR_NONE;
    char *p = text;
    *p++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *p++ = ',';
        *p++ = '"';
        for (size_t c = 0; c < items[i].len; c++) {
            if (items[i].ptr[c] == '"' || items[i].ptr[c] == '\\')
                *p++ = '\\';
            *p++ = items[i].ptr[c];
        }
        *p++ = '"';
    }
    *p++ = '}';
    *p = '\0';
    return str_from(text, (size_t)(p - text));
}

/* One entity tag of If-Match without quotes and without the suffix of a content coding (the stored
 * tag has none). */
static struct str tag_opaque(struct str tag) {
    static const struct str suffixes[] = {{"-gzip", 5}, {"-br", 3}, {"-zstd", 5}};
    tag = str_trim(tag);
    if (tag.len >= 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"')
        tag = str_from(tag.ptr + 1, tag.len - 2);
    else if (str_eq(tag, STR("*")))
        return tag;
    else
        return STR("W/"); /* weak or malformed: If-Match compares strongly, so it matches nothing */
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (tag.len > suffixes[i].len && str_ends_with(tag, suffixes[i])) {
            tag.len -= suffixes[i].len;
            break;
        }
    return str_eq(tag, STR("*")) ? STR("W/") : tag; /* quoted, it is a tag like any other */
}

static enum status if_match(struct api_call *call, struct str *out) {
    struct str list = http_request_header_list(call->request, STR("If-Match")), tag;
    struct str tags[16];
    size_t count = 0;
    *out = STR_NONE;
    if (str_is_none(list))
        return STATUS_OK;
    while (count < sizeof tags / sizeof tags[0] && str_split(&list, ',', &tag))
        tags[count++] = tag_opaque(tag);
    *out = bind_array(call->arena, tags, count);
    return str_is_none(*out) ? STATUS_NO_MEMORY : STATUS_OK;
}

static struct str text_or_null(const char *text) {
    return text[0] == '\0' ? STR_NONE : str_of(text);
}

static bool caller_value(const struct api_call *call, const char *name, struct str *out) {
    const struct principal *who = &call->principal;
    if (strcmp(name, "caller_kind") == 0)
        *out = str_of(principal_kind_name(who->kind));
    else if (strcmp(name, "caller_account_id") == 0)
        *out = text_or_null(who->account_id);
    else if (strcmp(name, "caller_company_id") == 0)
        *out = text_or_null(who->company_id);
    else if (strcmp(name, "caller_candidate_id") == 0)
        *out = text_or_null(who->candidate_id);
    else if (strcmp(name, "caller_role") == 0)
        *out = text_or_null(company_role_name(who->role));
    else if (strcmp(name, "chosen_company") == 0)
        *out = text_or_null(call->chosen_company);
    else if (strcmp(name, "caller_token_id") == 0)
        *out = text_or_null(who->token_id);
    else
        return false;
    return true;
}

static enum status parameter_value(struct api_call *call, const char *name, bool *found,
                                   struct str *out) {
    *found = false;
    for (size_t i = 0; i < call->operation->parameters_count; i++) {
        const struct contract_parameter *parameter = &call->operation->parameters[i];
        if (parameter->place == IN_HEADER || !str_eq(parameter->name, str_of(name)))
            continue;
        const struct parameter_value *value = &call->parameters.values[i];
        *found = true;
        *out = !value->present ? STR_NONE : value->text;
        if (value->present && parameter->array)
            *out = bind_array(call->arena, value->items, value->items_count);
        return value->present && str_is_none(*out) ? STATUS_NO_MEMORY : STATUS_OK;
    }
    return STATUS_OK;
}

static enum status fresh_id(struct api_call *call, struct str *out) {
    struct uuid id = uuid_v7();
    char *text = arena_alloc(call->arena, UUID_TEXT_SIZE);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    uuid_format(&id, text);
    *out = str_of(text);
    return STATUS_OK;
}

static enum status context_value(struct api_call *call, struct str *out) {
    *out = context_of(call);
    return str_is_none(*out) ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status bind_value(struct api_call *call, const char *name, struct str *out) {
    for (size_t i = 0; i < call->bound_count; i++)
        if (strcmp(call->bound[i].name, name) == 0) {
            *out = call->bound[i].value;
            return STATUS_OK;
        }
    bool found;
    enum status status = parameter_value(call, name, &found, out);
    if (found || status != STATUS_OK)
        return status;
    if (caller_value(call, name, out))
        return STATUS_OK;
    if (strcmp(name, "body") == 0)
        *out = call->body_text;
    else if (strcmp(name, "if_match") == 0)
        return if_match(call, out);
    else if (strcmp(name, "if_none_match_star") == 0)
        *out = str_eq(http_request_header(call->request, STR("If-None-Match")), STR("*"))
                   ? STR("true")
                   : STR("false");
    else if (strcmp(name, "request_id") == 0)
        *out = http_request_id(call->request);
    else if (strcmp(name, "lang") == 0)
        *out = str_of(lang_tag(http_request_lang(call->request)));
    else if (strcmp(name, "new_id") == 0)
        return fresh_id(call, out);
    else if (strcmp(name, "context") == 0)
        return context_value(call, out);
    else
        return STATUS_INTERNAL;
    return STATUS_OK;
}

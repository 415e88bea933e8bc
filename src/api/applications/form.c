/* The form is read part by part; one file at a time is on its way into PostgreSQL, and while its
 * last chunk is, nothing is taken from the client. Parts may come in any order. What the request
 * leaves unfinished is removed by the uploads themselves (see documents/upload.h).
 */
#include "form.h"

#include <sodium.h>
#include <stdlib.h>

#include "../documents/upload.h"
#include "generated/statements.h"
#include "segreteria/http/multipart.h"

#define UPLOADS_TEXT_MAX 4096

enum form_part { PART_NONE, PART_APPLICATION, PART_DOCUMENT, PART_OTHER };

struct form {
    struct api_call *call;
    struct multipart multipart;
    struct buf application;        /* the JSON */
    crypto_hash_sha256_state hash; /* of what an Idempotency-Key stands for */
    struct upload *uploads[FORM_DOCUMENTS_MAX];
    size_t uploads_count;
    enum form_part part;
    bool has_application;
    bool sealing; /* the last upload has all its bytes; they are not all stored yet */
    bool ended;   /* all of the form was read */
    bool refused;
};

static void form_free(void *memory) {
    struct form *form = memory;
    buf_deinit(&form->application);
    free(form);
}

static struct upload *last_upload(const struct form *form) {
    return form->uploads_count == 0 ? NULL : form->uploads[form->uploads_count - 1];
}

static bool is_over(const struct form *form) {
    const struct upload *upload = last_upload(form);
    return form->refused || (upload != NULL && upload_failed(upload));
}

static void refuse(struct form *form, const char *code) {
    form->refused = true;
    api_problem(form->call, code);
}

static void fail(struct form *form, enum status status) {
    form->refused = true;
    api_fail(form->call, status);
}

/* ---- the end ---- */

static void on_row(struct api_call *call, const struct db_result *result) {
    const struct form *form = call->state;
    if (db_result_rows(result) == 1 && str_starts_with(db_result_get(result, "status"), STR("2")))
        for (size_t i = 0; i < form->uploads_count; i++)
            upload_keep(form->uploads[i]);
    api_reply_row(call, result);
}

/* [{"id", "chunks", "media_type", "size", "sha256"}]: nothing in it is a client's text. */
static struct str uploads_text(const struct form *form) {
    struct buf text;
    buf_init(&text, UPLOADS_TEXT_MAX);
    buf_append_char(&text, '[');
    for (size_t i = 0; i < form->uploads_count; i++) {
        const struct upload_result *upload = upload_result(form->uploads[i]);
        char sha256[2 * crypto_hash_sha256_BYTES + 1];
        (void)sodium_bin2hex(sha256, sizeof sha256, upload->sha256, sizeof upload->sha256);
        buf_printf(&text,
                   "%s{\"id\":\"%s\",\"chunks\":%u,\"media_type\":\"%s\",\"size\":%llu,"
                   "\"sha256\":\"%s\"}",
                   i > 0 ? "," : "", upload->id.text, upload->chunks, upload->media_type,
                   (unsigned long long)upload->size, sha256);
    }
    buf_append_char(&text, ']');
    const char *copy = buf_status(&text) == STATUS_OK
                           ? arena_strdup(form->call->arena, buf_str(&text))
                           : NULL;
    struct str out = copy == NULL ? STR_NONE : str_from(copy, text.len);
    buf_deinit(&text);
    return out;
}

static void feed(struct form *form, struct str bytes) {
    uint64_t len = bytes.len;
    (void)crypto_hash_sha256_update(&form->hash, (const unsigned char *)&len, sizeof len);
    (void)crypto_hash_sha256_update(&form->hash, (const unsigned char *)bytes.ptr, bytes.len);
}

/* The same key stands for the same JSON and the same files. */
static bool prepare_idempotency(struct form *form) {
    unsigned char *hash = arena_alloc(form->call->arena, crypto_hash_sha256_BYTES);
    if (hash == NULL)
        return false;
    feed(form, buf_str(&form->application));
    for (size_t i = 0; i < form->uploads_count; i++) {
        const struct upload_result *upload = upload_result(form->uploads[i]);
        feed(form, str_from((const char *)upload->sha256, sizeof upload->sha256));
    }
    (void)crypto_hash_sha256_final(&form->hash, hash);
    return idempotency_prepare_for(form->call,
                                   str_from((const char *)hash, crypto_hash_sha256_BYTES));
}

static void apply(struct form *form) {
    struct api_call *call = form->call;
    struct str uploads = uploads_text(form);
    if (str_is_none(uploads) || !prepare_idempotency(form)) {
        fail(form, STATUS_NO_MEMORY);
        return;
    }
    api_bind(call, "uploads", uploads);
    api_bind(call, "body", buf_str(&form->application));
    enum status status = api_submit_then(call, &stmt_applications_create, on_row);
    if (status != STATUS_OK)
        fail(form, status);
}

/* ---- parts ---- */

/* All of the form was read. An upload under way is waited for, whatever the answer will be. */
static void end(struct form *form) {
    const struct upload *upload = last_upload(form);
    form->ended = true;
    if (is_over(form) || form->sealing || (upload != NULL && upload_busy(upload)))
        return;
    if (!form->has_application || !multipart_is_complete(&form->multipart))
        refuse(form, "malformed_form");
    else
        apply(form);
}

static void on_room(struct upload *upload) {
    struct form *form = upload_call(upload)->state;
    if (form->ended)
        end(form);
    else
        http_request_resume_body(form->call->request);
}

static void on_sealed(struct upload *upload) {
    struct form *form = upload_call(upload)->state;
    form->sealing = false;
    on_room(upload);
}

static void begin_document(struct form *form) {
    static const struct upload_events events = {.on_room = on_room, .on_sealed = on_sealed};
    if (form->uploads_count == FORM_DOCUMENTS_MAX) {
        refuse(form, "malformed_form");
        return;
    }
    struct upload *upload = upload_create(form->call, &events);
    if (upload == NULL) {
        fail(form, STATUS_NO_MEMORY);
        return;
    }
    form->uploads[form->uploads_count++] = upload;
    form->part = PART_DOCUMENT;
    struct str name = str_of(form->multipart.filename);
    feed(form, name);
    enum status status = upload_begin(upload, name);
    if (status != STATUS_OK)
        fail(form, status);
}

static void begin_part(struct form *form) {
    struct str name = str_of(form->multipart.name);
    form->part = PART_OTHER;
    if (str_eq(name, STR("document"))) {
        begin_document(form);
    } else if (str_eq(name, STR("application"))) {
        if (form->has_application)
            refuse(form, "malformed_form");
        form->has_application = true;
        form->part = PART_APPLICATION;
    }
}

static void take_part(struct form *form, struct str data) {
    if (form->part == PART_DOCUMENT) {
        upload_take(last_upload(form), data);
    } else if (form->part == PART_APPLICATION) {
        if (form->application.len + data.len > form->call->operation->body_limit) {
            refuse(form, "payload_too_large");
            return;
        }
        buf_append(&form->application, data);
        if (buf_status(&form->application) != STATUS_OK)
            fail(form, STATUS_NO_MEMORY);
    }
}

static void end_part(struct form *form) {
    enum form_part part = form->part;
    form->part = PART_NONE;
    if (part == PART_DOCUMENT) {
        form->sealing = true;
        upload_end(last_upload(form));
    } else if (part == PART_APPLICATION) {
        const struct contract_body *json = contract_body_find(form->call->operation,
                                                              STR("application/json"));
        form->refused = !body_parse(form->call, buf_str(&form->application),
                                    json == NULL ? NULL : json->schema);
    }
}

/* ---- bytes ---- */

/* How many bytes can be read of the form now. */
static size_t room(const struct form *form, size_t offered) {
    if (form->sealing)
        return 0;
    size_t most = form->part == PART_DOCUMENT ? upload_room(last_upload(form)) : offered;
    return most < offered ? most : offered;
}

static size_t take(struct form *form, struct str chunk) {
    struct str input = chunk, data;
    while (!is_over(form)) {
        size_t offered = room(form, input.len);
        if (offered == 0)
            return chunk.len - input.len;
        struct str piece = str_from(input.ptr, offered);
        enum multipart_event event = multipart_next(&form->multipart, &piece, &data);
        size_t used = offered - piece.len;
        input = str_from(input.ptr + used, input.len - used);
        switch (event) {
        case MULTIPART_PART: begin_part(form); break;
        case MULTIPART_DATA: take_part(form, data); break;
        case MULTIPART_PART_END: end_part(form); break;
        case MULTIPART_MALFORMED: refuse(form, "malformed_form"); break;
        case MULTIPART_MORE:
        case MULTIPART_END: break;
        }
    }
    return chunk.len;
}

static size_t on_chunk(struct api_call *call, struct str chunk, bool last) {
    struct form *form = call->state;
    if (!last)
        return take(form, chunk);
    end(form);
    return 0;
}

enum status application_form_open(struct api_call *call) {
    struct form *form = calloc(1, sizeof *form);
    if (form == NULL)
        return STATUS_NO_MEMORY;
    form->call = call;
    buf_init(&form->application, (size_t)call->operation->body_limit);
    (void)crypto_hash_sha256_init(&form->hash);
    if (arena_defer(call->arena, form_free, form) != STATUS_OK)
        return STATUS_NO_MEMORY;
    call->state = form;
    call->on_chunk = on_chunk;
    if (multipart_init(&form->multipart, http_request_header(call->request, STR("Content-Type"))) !=
        STATUS_OK) {
        refuse(form, "malformed_form");
        return STATUS_OK;
    }
    http_request_stream_body(call->request);
    return STATUS_OK;
}

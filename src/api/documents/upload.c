/* Bytes in, ciphertext chunks out. The key is the document's own and is stored sealed; what was
 * begun and is not finished when the request ends is forgotten in the data base as well.
 */
#include "upload.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

#include "generated/statements.h"

#define CIPHER_BYTES (DOCUMENT_CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)
#define NUMBER_SIZE 24
#define SHA256_TEXT_SIZE (2 + 2 * crypto_hash_sha256_BYTES + 1)

/* BEGINNING, SENDING: a statement is in flight; OPEN: takes bytes; SEALED: all chunks are stored.
 */
enum upload_state { IDLE, BEGINNING, OPEN, SENDING, SEALED, FAILED };

/* What only an upload under way needs. */
struct buffers {
    crypto_secretstream_xchacha20poly1305_state cipher;
    struct sha256_ctx hash; /* nettle's: it uses the processor's own instructions */
    size_t len;             /* of plain; beyond a chunk: the chunk is not the last */
    unsigned char plain[DOCUMENT_CHUNK_BYTES + UPLOAD_ROOM_MIN];
    unsigned char cipher_text[CIPHER_BYTES];
    char number[NUMBER_SIZE];
};

struct upload {
    struct api_call *call;
    const struct upload_events *events;
    enum upload_state state;
    bool ended;       /* no more bytes will come */
    bool last_sent;   /* the last chunk was sent */
    bool in_the_base; /* a row of it may be there, not completed */
    struct buffers *buffers;
    const char *refusal; /* the code of the problem that will be the answer */
    struct upload_result result;
    api_row_handler then;
};

struct api_call *upload_call(const struct upload *upload) {
    return upload->call;
}
const struct upload_result *upload_result(const struct upload *upload) { return &upload->result; }
bool upload_failed(const struct upload *upload) { return upload->state == FAILED; }
bool upload_busy(const struct upload *upload) {
    return upload->state == BEGINNING || upload->state == SENDING;
}
void upload_keep(struct upload *upload) { upload->in_the_base = false; }

static void on_forgotten(struct api_call *call, const struct db_result *result) {
    (void)result;
    call->upload->in_the_base = false;
    api_problem(call, call->upload->refusal);
}

/* Its place is free again when the client hears of it: the next upload may be sent at once. No
 * statement is in flight here. */
static void refuse(struct upload *upload, const char *code) {
    struct api_call *call = upload->call;
    upload->state = FAILED;
    upload->refusal = code;
    call->upload = upload;
    api_bind(call, "document", str_of(upload->result.id.text));
    if (api_submit_then(call, &stmt_background_document_abort, on_forgotten) != STATUS_OK)
        api_problem(call, code);
}

static void fail(struct upload *upload, enum status status) {
    upload->state = FAILED;
    api_fail(upload->call, status);
}

static void let_go_of_buffers(struct upload *upload) {
    if (upload->buffers == NULL)
        return;
    sodium_memzero(upload->buffers, sizeof *upload->buffers);
    free(upload->buffers);
    upload->buffers = NULL;
    upload->call->worker->uploads--;
    counter_set(&upload->call->worker->metrics.uploads, upload->call->worker->uploads);
}

static void upload_free(void *memory) {
    struct upload *upload = memory;
    let_go_of_buffers(upload);
    if (upload->in_the_base)
        note_send(upload->call->worker, &stmt_background_document_abort,
                  str_of(upload->result.id.text));
}

struct upload *upload_create(struct api_call *call, const struct upload_events *events) {
    struct upload *upload = arena_zalloc(call->arena, sizeof *upload);
    if (upload == NULL)
        return NULL;
    upload->call = call;
    upload->events = events;
    return arena_defer(call->arena, upload_free, upload) == STATUS_OK ? upload : NULL;
}

static void hex_text(char *out, const unsigned char *bytes, size_t len) {
    out[0] = '\\';
    out[1] = 'x';
    (void)sodium_bin2hex(out + 2, 2 * len + 1, bytes, len);
}

/* Runs a step's statement. */
static void step(struct upload *upload, enum upload_state state,
                 const struct db_statement *statement, api_row_handler then) {
    upload->state = state;
    upload->call->upload = upload;
    enum status status = api_submit_then(upload->call, statement, then);
    if (status != STATUS_OK)
        fail(upload, status);
}

/* The row's own refusal is the request's answer. */
static bool refused(struct upload *upload, const struct db_result *result) {
    if (db_result_rows(result) == 1 && str_starts_with(db_result_get(result, "status"), STR("2")))
        return false;
    upload->state = FAILED;
    api_reply_row(upload->call, result);
    return true;
}

/* ---- chunks ---- */

static void advance(struct upload *upload);

static void on_step(struct api_call *call, const struct db_result *result) {
    struct upload *upload = call->upload;
    if (refused(upload, result))
        return;
    upload->state = OPEN;
    advance(upload);
}

/* The type is that of the content; what the client calls it counts for nothing. */
static bool know_type(struct upload *upload) {
    const struct buffers *buffers = upload->buffers;
    if (upload->result.chunks > 0)
        return true;
    if (buffers->len == 0) {
        refuse(upload, "empty_document");
        return false;
    }
    upload->result.media_type = document_type(buffers->plain, buffers->len);
    if (upload->result.media_type == NULL)
        refuse(upload, "unsupported_document");
    return upload->result.media_type != NULL;
}

static void send_chunk(struct upload *upload) {
    struct buffers *buffers = upload->buffers;
    size_t len = buffers->len < DOCUMENT_CHUNK_BYTES ? buffers->len : DOCUMENT_CHUNK_BYTES;
    unsigned long long cipher_len;
    bool last = upload->ended && len == buffers->len;
    if (!know_type(upload))
        return;
    sha256_update(&buffers->hash, len, buffers->plain);
    (void)crypto_secretstream_xchacha20poly1305_push(
        &buffers->cipher, buffers->cipher_text, &cipher_len, buffers->plain, len, NULL, 0,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    (void)snprintf(buffers->number, sizeof buffers->number, "%u", upload->result.chunks);
    buffers->len -= len;
    memmove(buffers->plain, buffers->plain + len, buffers->len);
    upload->result.chunks++;
    upload->last_sent = last;
    api_bind(upload->call, "document", str_of(upload->result.id.text));
    api_bind(upload->call, "chunk", str_of(buffers->number));
    api_bind_bytes(upload->call, "data",
                   str_from((const char *)buffers->cipher_text, (size_t)cipher_len));
    step(upload, SENDING, &stmt_documents_chunk, on_step);
}

/* OPEN: what to do next. */
static void advance(struct upload *upload) {
    if (upload->last_sent) {
        sha256_digest(&upload->buffers->hash, SHA256_DIGEST_SIZE, upload->result.sha256);
        let_go_of_buffers(upload);
        upload->state = SEALED;
        upload->events->on_sealed(upload);
    } else if (upload->ended) {
        send_chunk(upload);
    } else {
        upload->events->on_room(upload);
    }
}

/* ---- from outside ---- */

enum status upload_begin(struct upload *upload, struct str name) {
    struct api_call *call = upload->call;
    unsigned char secret[DOCUMENT_SECRET_BYTES];
    if (call->worker->uploads >= UPLOADS_MAX)
        return STATUS_BUSY;
    char *kept = document_name(call->arena, name);
    char *sealed = arena_alloc(call->arena, DOCUMENT_SEALED_TEXT_SIZE);
    upload->buffers = calloc(1, sizeof *upload->buffers);
    if (upload->buffers == NULL)
        return STATUS_NO_MEMORY;
    call->worker->uploads++;
    counter_set(&call->worker->metrics.uploads, call->worker->uploads);
    if (kept == NULL || sealed == NULL)
        return STATUS_NO_MEMORY;
    document_id_make(&upload->result.id);
    crypto_secretstream_xchacha20poly1305_keygen(secret);
    (void)crypto_secretstream_xchacha20poly1305_init_push(
        &upload->buffers->cipher, secret + crypto_secretstream_xchacha20poly1305_KEYBYTES, secret);
    document_secret_seal(call->keys, &upload->result.id, secret, sealed);
    sodium_memzero(secret, sizeof secret);
    sha256_init(&upload->buffers->hash);
    upload->in_the_base = true;
    api_bind(call, "document", str_of(upload->result.id.text));
    api_bind(call, "name", str_of(kept));
    api_bind(call, "sealed_key", str_of(sealed));
    step(upload, BEGINNING, &stmt_documents_begin, on_step);
    return STATUS_OK;
}

size_t upload_room(const struct upload *upload) {
    return upload->state == OPEN ? sizeof upload->buffers->plain - upload->buffers->len : 0;
}

void upload_take(struct upload *upload, struct str bytes) {
    struct buffers *buffers = upload->buffers;
    upload->result.size += bytes.len;
    if (upload->result.size > DOCUMENT_BYTES_MAX) {
        refuse(upload, "payload_too_large");
        return;
    }
    memcpy(buffers->plain + buffers->len, bytes.ptr, bytes.len);
    buffers->len += bytes.len;
    if (buffers->len > DOCUMENT_CHUNK_BYTES)
        send_chunk(upload);
}

void upload_end(struct upload *upload) {
    upload->ended = true;
    if (upload->state == OPEN)
        advance(upload);
}

static void on_finished(struct api_call *call, const struct db_result *result) {
    struct upload *upload = call->upload;
    if (refused(upload, result))
        return;
    upload_keep(upload);
    upload->then(call, result);
}

enum status upload_finish(struct upload *upload, api_row_handler then) {
    struct api_call *call = upload->call;
    const struct upload_result *result = &upload->result;
    char *sha256 = arena_alloc(call->arena, SHA256_TEXT_SIZE);
    struct str chunks = arena_printf(call->arena, "%u", result->chunks);
    struct str size = arena_printf(call->arena, "%llu", (unsigned long long)result->size);
    if (sha256 == NULL || str_is_none(chunks) || str_is_none(size))
        return STATUS_NO_MEMORY;
    hex_text(sha256, result->sha256, sizeof result->sha256);
    api_bind(call, "document", str_of(result->id.text));
    api_bind(call, "chunks", chunks);
    api_bind(call, "size", size);
    api_bind(call, "sha256", str_of(sha256));
    api_bind(call, "media_type", str_of(result->media_type));
    upload->then = then;
    step(upload, SEALED, &stmt_documents_finish, on_finished);
    return STATUS_OK;
}

/* libarchive writes the zip; what it writes is encrypted and stored in chunks of 64 KiB, so that
 * the memory used does not depend on how much there is.
 */
#include <archive.h>
#include <archive_entry.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "export_job.h"
#include "generated/statements.h"
#include "segreteria/auth/secret.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

#define CHUNK_BYTES ((size_t)64 * 1024) /* as a document's */
#define CHUNKS_A_MIB 16u
#define CIPHER_BYTES (CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)
#define KEY_BYTES                                                                                  \
    (crypto_secretstream_xchacha20poly1305_KEYBYTES +                                              \
     crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define SEALED_BYTES (KEY_BYTES + SECRET_OVERHEAD)
#define MANIFEST_MAX ((size_t)256 * 1024)
#define MANIFEST_VERSION 1

struct export_file {
    struct export_job *job;
    struct archive *archive;
    struct archive_entry *entry;
    enum status status; /* the first thing that went wrong while a chunk was stored */
    crypto_secretstream_xchacha20poly1305_state cipher;
    crypto_hash_sha256_state hash, entry_hash;
    uint64_t size, entry_size;
    unsigned chunks;
    size_t len; /* of plain */
    struct buf manifest, missed;
    char entry_name[128];
    char made_at[CLOCK_RFC3339_SIZE];
    unsigned char plain[CHUNK_BYTES];
    unsigned char cipher_text[CIPHER_BYTES];
    char hex[2 + 2 * CIPHER_BYTES + 1];
};

static void hex_text(char *out, const unsigned char *bytes, size_t len) {
    out[0] = '\\';
    out[1] = 'x';
    (void)sodium_bin2hex(out + 2, 2 * len + 1, bytes, len);
}

/* ---- chunks ---- */

/* A statement that answers with a row while the lease holds. */
static enum status held(const struct export_file *file, const struct db_statement *statement,
                        const struct export_value *values, size_t count) {
    struct export_job *job = file->job;
    enum status status = export_sql(job->writer, statement, values, count, job->error);
    if (status == STATUS_OK && db_session_rows(job->writer) == 0) {
        buf_append_text(job->error, "the lease is gone");
        status = STATUS_EXISTS;
    }
    return status;
}

static enum status store(struct export_file *file, bool last) {
    unsigned long long len;
    char number[16];
    if (file->chunks == file->job->max_mib * CHUNKS_A_MIB) {
        buf_printf(file->job->error, "more than %u MiB", file->job->max_mib);
        return STATUS_TOO_LARGE;
    }
    (void)crypto_hash_sha256_update(&file->hash, file->plain, file->len);
    (void)crypto_secretstream_xchacha20poly1305_push(
        &file->cipher, file->cipher_text, &len, file->plain, file->len, NULL, 0,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    hex_text(file->hex, file->cipher_text, (size_t)len);
    (void)snprintf(number, sizeof number, "%u", file->chunks);
    const struct export_value values[] = {{"export", file->job->id},
                                          {"lease", file->job->lease},
                                          {"chunk", number},
                                          {"data", file->hex}};
    file->size += file->len;
    file->len = 0;
    file->chunks++;
    return held(file, &stmt_background_export_chunk, values, 4);
}

/* A full chunk is stored when more comes: the last one is told apart by its tag. libarchive never
 * learns of a failure, because it would not free what an entry holds any more: what comes after one
 * is dropped, and answer_of tells. */
static la_ssize_t on_write(struct archive *archive, void *context, const void *bytes, size_t len) {
    struct export_file *file = context;
    const unsigned char *from = bytes;
    (void)archive;
    for (size_t left = len; left > 0 && file->status == STATUS_OK;) {
        if (file->len == CHUNK_BYTES)
            file->status = store(file, false);
        if (file->status != STATUS_OK)
            break;
        size_t n = CHUNK_BYTES - file->len < left ? CHUNK_BYTES - file->len : left;
        memcpy(file->plain + file->len, from, n);
        file->len += n;
        from += n;
        left -= n;
    }
    return (la_ssize_t)len;
}

/* What libarchive answers; what went wrong below it counts first. */
static enum status answer_of(struct export_file *file, la_ssize_t answer) {
    if (file->status != STATUS_OK)
        return file->status;
    if (answer >= ARCHIVE_OK || answer == ARCHIVE_WARN)
        return STATUS_OK;
    const char *why = archive_error_string(file->archive);
    buf_printf(file->job->error, "zip: %s", why == NULL ? "failed" : why);
    return STATUS_INTERNAL;
}

/* ---- entries ---- */

enum status export_file_begin(struct export_file *file, const char *name, bool compress) {
    (void)snprintf(file->entry_name, sizeof file->entry_name, "%s", name);
    (void)crypto_hash_sha256_init(&file->entry_hash);
    file->entry_size = 0;
    archive_entry_clear(file->entry);
    archive_entry_set_pathname(file->entry, name);
    archive_entry_set_filetype(file->entry, AE_IFREG);
    archive_entry_set_perm(file->entry, 0600);
    archive_entry_set_mtime(file->entry, (time_t)(clock_unix_ms() / 1000), 0);
    int answer = compress ? archive_write_zip_set_compression_deflate(file->archive)
                          : archive_write_zip_set_compression_store(file->archive);
    if (answer == ARCHIVE_OK)
        answer = archive_write_header(file->archive, file->entry);
    return answer_of(file, answer);
}

enum status export_file_write(struct export_file *file, struct str bytes) {
    (void)crypto_hash_sha256_update(&file->entry_hash, (const unsigned char *)bytes.ptr, bytes.len);
    file->entry_size += bytes.len;
    for (size_t at = 0; at < bytes.len;) {
        la_ssize_t n = archive_write_data(file->archive, bytes.ptr + at, bytes.len - at);
        if (n <= 0 || file->status != STATUS_OK)
            return answer_of(file, n == 0 ? ARCHIVE_FATAL : n);
        at += (size_t)n;
    }
    return STATUS_OK;
}

enum status export_file_end(struct export_file *file, const char *about, long items) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 * sizeof hash + 1];
    (void)crypto_hash_sha256_final(&file->entry_hash, hash);
    (void)sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    struct buf *out = &file->manifest;
    buf_append_text(out, out->len == 0 ? "    {\"name\": " : ",\n    {\"name\": ");
    buf_append_json_string(out, str_of(file->entry_name));
    if (items >= 0)
        buf_printf(out, ", \"items\": %ld", items);
    buf_printf(out, ", \"bytes\": %llu, \"sha256\": \"%s\"", (unsigned long long)file->entry_size,
               text);
    if (about != NULL) {
        buf_append_text(out, ", \"about\": ");
        buf_append_json_string(out, str_of(about));
    }
    buf_append_char(out, '}');
    if (buf_status(out) != STATUS_OK)
        return buf_status(out);
    return answer_of(file, archive_write_finish_entry(file->archive));
}

void export_file_miss(struct export_file *file, const char *name) {
    buf_append_text(&file->missed, file->missed.len == 0 ? "" : ", ");
    buf_append_json_string(&file->missed, str_of(name));
}

static enum status write_manifest(struct export_file *file, const char *kind) {
    struct buf text;
    buf_init(&text, 2 * MANIFEST_MAX);
    buf_printf(&text,
               "{\n  \"format\": \"segreteria-export\",\n  \"version\": %d,\n  \"id\": \"%s\",\n"
               "  \"account_id\": \"%s\",\n  \"kind\": \"%s\",\n  \"made_at\": \"%s\",\n"
               "  \"files\": [\n",
               MANIFEST_VERSION, file->job->id, file->job->account, kind, file->made_at);
    buf_append(&text, buf_str(&file->manifest));
    buf_append_text(&text, "\n  ],\n  \"missing\": [");
    buf_append(&text, buf_str(&file->missed));
    buf_append_text(&text, "]\n}\n");
    enum status status = buf_status(&text);
    if (status == STATUS_OK)
        status = buf_status(&file->missed);
    if (status == STATUS_OK)
        status = export_file_begin(file, "manifest.json", true);
    if (status == STATUS_OK)
        status = export_file_write(file, buf_str(&text));
    if (status == STATUS_OK)
        status = answer_of(file, archive_write_finish_entry(file->archive));
    buf_deinit(&text);
    return status;
}

/* ---- life ---- */

static enum status begin(struct export_file *file) {
    struct export_job *job = file->job;
    unsigned char key[KEY_BYTES], sealed[SEALED_BYTES];
    char text[2 + 2 * SEALED_BYTES + 1];
    crypto_secretstream_xchacha20poly1305_keygen(key);
    (void)crypto_secretstream_xchacha20poly1305_init_push(
        &file->cipher, key + crypto_secretstream_xchacha20poly1305_KEYBYTES, key);
    secret_seal(job->keys, SECRET_DOCUMENT, str_of(job->id),
                str_from((const char *)key, sizeof key), sealed);
    sodium_memzero(key, sizeof key);
    hex_text(text, sealed, sizeof sealed);
    const struct export_value values[] = {
        {"export", job->id}, {"lease", job->lease}, {"sealed_key", text}};
    return held(file, &stmt_background_export_begin, values, 3);
}

static enum status open_archive(struct export_file *file) {
    file->archive = archive_write_new();
    file->entry = archive_entry_new();
    if (file->archive == NULL || file->entry == NULL)
        return STATUS_NO_MEMORY;
    int answer = archive_write_set_format_zip(file->archive);
    if (answer == ARCHIVE_OK)
        answer = archive_write_set_bytes_per_block(file->archive, 0);
    if (answer == ARCHIVE_OK)
        answer = archive_write_open(file->archive, file, NULL, on_write, NULL);
    return answer_of(file, answer);
}

enum status export_file_open(struct export_job *job, struct export_file **out) {
    struct export_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return STATUS_NO_MEMORY;
    *out = file;
    file->job = job;
    buf_init(&file->manifest, MANIFEST_MAX);
    buf_init(&file->missed, MANIFEST_MAX / 4);
    clock_format_rfc3339(clock_unix_ms(), file->made_at);
    (void)crypto_hash_sha256_init(&file->hash);
    enum status status = begin(file);
    return status == STATUS_OK ? open_archive(file) : status;
}

enum status export_file_finish(struct export_file *file, const char *kind) {
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 + 2 * sizeof hash + 1], chunks[16], size[24];
    enum status status = write_manifest(file, kind);
    if (status == STATUS_OK)
        status = answer_of(file, archive_write_close(file->archive));
    if (status == STATUS_OK)
        status = store(file, true);
    if (status != STATUS_OK)
        return status;
    (void)crypto_hash_sha256_final(&file->hash, hash);
    hex_text(text, hash, sizeof hash);
    (void)snprintf(chunks, sizeof chunks, "%u", file->chunks);
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)file->size);
    const struct export_value values[] = {{"export", file->job->id},
                                          {"lease", file->job->lease},
                                          {"chunks", chunks},
                                          {"size", size},
                                          {"sha256", text}};
    return held(file, &stmt_background_export_finish, values, 5);
}

void export_file_close(struct export_file *file) {
    if (file == NULL)
        return;
    if (file->status == STATUS_OK)
        file->status = STATUS_INTERNAL; /* what libarchive still writes is dropped */
    if (file->archive != NULL)
        (void)archive_write_free(file->archive);
    archive_entry_free(file->entry);
    buf_deinit(&file->manifest);
    buf_deinit(&file->missed);
    sodium_memzero(file, sizeof *file);
    free(file);
}

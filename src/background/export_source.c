/* What a person's export holds: the JSON files that export_sections names, each item from SQL as it
 * is, and the documents, decrypted chunk by chunk.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "export_job.h"
#include "generated/statements.h"
#include "segreteria/auth/secret.h"
#include "segreteria/core/log.h"

#define CHUNK_BYTES ((size_t)64 * 1024)
#define ABYTES crypto_secretstream_xchacha20poly1305_ABYTES
#define KEY_BYTES                                                                                  \
    (crypto_secretstream_xchacha20poly1305_KEYBYTES +                                              \
     crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define SEALED_BYTES (KEY_BYTES + SECRET_OVERHEAD)
#define NAME_SIZE 128
#define ABOUT_SIZE 256
#define SECTIONS_MAX 64
#define DOCUMENTS_MAX 64

/* ---- JSON files ---- */

struct section {
    char name[NAME_SIZE], about[ABOUT_SIZE];
};

static void copy(char *out, size_t size, struct str text) {
    (void)snprintf(out, size, "%.*s", STR_FMT(text));
}

static enum status write_items(struct export_job *job, struct export_file *file,
                               const char *section, long *items) {
    char after[NAME_SIZE];
    for (size_t rows = 1; rows > 0;) {
        const struct export_value values[] = {
            {"account", job->account}, {"section", section}, {"after", *items == 0 ? NULL : after}};
        enum status status = export_sql(job->reader, &stmt_background_export_page, values, 3,
                                        job->error);
        if (status != STATUS_OK)
            return status;
        rows = db_session_rows(job->reader);
        for (size_t row = 0; row < rows && status == STATUS_OK; row++) {
            status = export_file_write(file, *items == 0 ? STR("\n") : STR(",\n"));
            if (status == STATUS_OK)
                status = export_file_write(file, db_session_value(job->reader, row, "item"));
            ++*items;
        }
        if (status != STATUS_OK)
            return status;
        if (rows > 0)
            copy(after, sizeof after, db_session_value(job->reader, rows - 1, "key"));
    }
    return STATUS_OK;
}

static enum status write_section(struct export_job *job, struct export_file *file,
                                 const struct section *section) {
    char name[NAME_SIZE + sizeof ".json"];
    long items = 0;
    (void)snprintf(name, sizeof name, "%.*s.json", NAME_SIZE - 1, section->name);
    enum status status = export_file_begin(file, name, true);
    if (status == STATUS_OK)
        status = export_file_write(file, STR("["));
    if (status == STATUS_OK)
        status = write_items(job, file, section->name, &items);
    if (status == STATUS_OK)
        status = export_file_write(file, STR("\n]\n"));
    return status == STATUS_OK ? export_file_end(file, section->about, items) : status;
}

static enum status write_sections(struct export_job *job, struct export_file *file) {
    struct section sections[SECTIONS_MAX];
    const struct export_value values[] = {{"account", job->account}};
    enum status status = export_sql(job->reader, &stmt_background_export_sections, values, 1,
                                    job->error);
    if (status != STATUS_OK)
        return status;
    size_t count = db_session_rows(job->reader);
    if (count > SECTIONS_MAX)
        return STATUS_INTERNAL;
    for (size_t i = 0; i < count; i++) {
        copy(sections[i].name, NAME_SIZE, db_session_value(job->reader, i, "name"));
        copy(sections[i].about, ABOUT_SIZE, db_session_value(job->reader, i, "about"));
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = write_section(job, file, &sections[i]);
    return status;
}

/* ---- documents ---- */

struct document {
    char id[UUID_TEXT_SIZE], file[NAME_SIZE];
    char sealed[2 + 2 * SEALED_BYTES + 1];
};

struct cipher {
    crypto_secretstream_xchacha20poly1305_state state;
    bool ended; /* the last chunk was opened */
    unsigned char text[CHUNK_BYTES + ABYTES], plain[CHUNK_BYTES];
};

static bool open_cipher(const struct export_job *job, const struct document *document,
                        struct cipher *cipher) {
    unsigned char sealed[SEALED_BYTES], key[KEY_BYTES];
    size_t len = 0;
    bool opened = strlen(document->sealed) > 2 &&
                  sodium_hex2bin(sealed, sizeof sealed, document->sealed + 2,
                                 strlen(document->sealed) - 2, NULL, &len, NULL) == 0 &&
                  len == sizeof sealed &&
                  secret_open(job->keys, SECRET_DOCUMENT, str_of(document->id),
                              str_from((const char *)sealed, sizeof sealed), key) == STATUS_OK &&
                  crypto_secretstream_xchacha20poly1305_init_pull(
                      &cipher->state, key + crypto_secretstream_xchacha20poly1305_KEYBYTES, key) ==
                      0;
    sodium_memzero(key, sizeof key);
    cipher->ended = false;
    return opened;
}

/* False: the chunk is not what was stored. */
static bool open_chunk(struct cipher *cipher, struct str data, struct str *plain) {
    size_t len = 0;
    unsigned long long plain_len = 0;
    unsigned char tag = 0;
    if (cipher->ended || data.len < 2 ||
        sodium_hex2bin(cipher->text, sizeof cipher->text, data.ptr + 2, data.len - 2, NULL, &len,
                       NULL) != 0 ||
        len < ABYTES ||
        crypto_secretstream_xchacha20poly1305_pull(&cipher->state, cipher->plain, &plain_len, &tag,
                                                   cipher->text, len, NULL, 0) != 0)
        return false;
    cipher->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    *plain = str_from((const char *)cipher->plain, (size_t)plain_len);
    return true;
}

/* Reads a document to its end, into the file unless that is NULL. MISMATCH: its key or a chunk is
 * not what was stored. */
static enum status read_content(struct export_job *job, struct export_file *file,
                                const struct document *document, struct cipher *cipher) {
    if (!open_cipher(job, document, cipher))
        return STATUS_MISMATCH;
    for (unsigned next = 0;;) {
        char from[16];
        struct str plain;
        (void)snprintf(from, sizeof from, "%u", next);
        const struct export_value values[] = {{"document", document->id}, {"from", from}};
        enum status status = export_sql(job->reader, &stmt_background_export_document_chunks,
                                        values, 2, job->error);
        size_t rows = status == STATUS_OK ? db_session_rows(job->reader) : 0;
        for (size_t row = 0; row < rows && status == STATUS_OK; row++)
            if (!open_chunk(cipher, db_session_value(job->reader, row, "data"), &plain))
                status = STATUS_MISMATCH;
            else if (file != NULL)
                status = export_file_write(file, plain);
        if (status != STATUS_OK)
            return status;
        if (rows == 0)
            return cipher->ended ? STATUS_OK : STATUS_MISMATCH;
        next += (unsigned)rows;
    }
}

/* Text shrinks; the other forms are compressed already. */
static bool shrinks(const char *name) {
    struct str text = str_of(name);
    return str_ends_with(text, STR(".txt")) || str_ends_with(text, STR(".rtf"));
}

/* One that cannot be read is told of in the manifest: the rest is still the person's. It is read
 * through before anything of it is written, because an entry that was begun cannot be taken back.
 */
static enum status write_document(struct export_job *job, struct export_file *file,
                                  const struct document *document) {
    static _Thread_local struct cipher cipher;
    char name[NAME_SIZE + sizeof "documents/"];
    (void)snprintf(name, sizeof name, "documents/%.*s", NAME_SIZE - 1, document->file);
    enum status status = read_content(job, NULL, document, &cipher);
    if (status == STATUS_MISMATCH) {
        log_error("export_document_unreadable", "export=%s document=%s", job->id, document->id);
        export_file_miss(file, name);
        status = STATUS_OK;
    } else if (status == STATUS_OK) {
        status = export_file_begin(file, name, shrinks(name));
        if (status == STATUS_OK)
            status = read_content(job, file, document, &cipher);
        if (status == STATUS_OK)
            status = export_file_end(file, NULL, -1);
    }
    sodium_memzero(&cipher, sizeof cipher);
    return status;
}

static enum status write_documents(struct export_job *job, struct export_file *file) {
    struct document documents[DOCUMENTS_MAX];
    const struct export_value values[] = {{"account", job->account}};
    enum status status = export_sql(job->reader, &stmt_background_export_documents, values, 1,
                                    job->error);
    if (status != STATUS_OK)
        return status;
    size_t count = db_session_rows(job->reader);
    if (count > DOCUMENTS_MAX)
        return STATUS_INTERNAL;
    for (size_t i = 0; i < count; i++) {
        copy(documents[i].id, sizeof documents[i].id, db_session_value(job->reader, i, "id"));
        copy(documents[i].file, NAME_SIZE, db_session_value(job->reader, i, "file"));
        copy(documents[i].sealed, sizeof documents[i].sealed,
             db_session_value(job->reader, i, "sealed_key"));
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = write_document(job, file, &documents[i]);
    return status;
}

enum status export_source_write(struct export_job *job, struct export_file *file) {
    enum status status = write_sections(job, file);
    return status == STATUS_OK ? write_documents(job, file) : status;
}

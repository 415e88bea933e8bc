/* A file on its way from a client into PostgreSQL: encrypted chunk by chunk, one chunk in flight,
 * never the whole file in memory (about 130 KiB an upload). Used by whatever operation takes files.
 *
 * begin -> on_room -> take ... -> end -> on_sealed: every chunk is stored, nobody sees the document
 * yet. It becomes one by documents_finish (upload_finish), or by the caller's own statement, which
 * then says upload_keep; what the request leaves unfinished is removed.
 */
#ifndef SEGRETERIA_API_DOCUMENTS_UPLOAD_H
#define SEGRETERIA_API_DOCUMENTS_UPLOAD_H

#include "../internal.h"
#include "segreteria/api/document.h"

#define DOCUMENT_BYTES_MAX ((uint64_t)10 * 1024 * 1024)
#define UPLOADS_MAX 64 /* at once on a worker */
#define UPLOAD_ROOM_MIN ((size_t)128)

struct upload;

struct upload_events {
    void (*on_room)(struct upload *upload); /* there is room for bytes (again) */
    void (*on_sealed)(struct upload *upload);
};

/* What was stored. */
struct upload_result {
    struct document_id id;
    unsigned chunks;
    uint64_t size;
    const char *media_type;
    unsigned char sha256[crypto_hash_sha256_BYTES];
};

/* Of the request's arena. NULL: no memory. */
struct upload *upload_create(struct api_call *call, const struct upload_events *events);

/* Takes one of the candidate's places. name: as the client gave it; see document_name. BUSY: too
 * many uploads at once. */
NODISCARD enum status upload_begin(struct upload *upload, struct str name);
/* How many bytes it takes at once: 0 or at least UPLOAD_ROOM_MIN. */
size_t upload_room(const struct upload *upload);
/* At most upload_room. What cannot be stored (too large, of a type that is not taken) is answered
 * at once: see upload_failed. */
void upload_take(struct upload *upload, struct str bytes);
/* The file is complete. */
void upload_end(struct upload *upload);
/* A statement of it is in flight: who wants to answer for another reason waits for on_room or
 * on_sealed. */
bool upload_busy(const struct upload *upload);
/* An answer was given, or will be: nothing is to be taken or begun any more. */
bool upload_failed(const struct upload *upload);

struct api_call *upload_call(const struct upload *upload);
const struct upload_result *upload_result(const struct upload *upload);
/* After on_sealed: makes the document; a success's row goes to then. */
NODISCARD enum status upload_finish(struct upload *upload, api_row_handler then);
/* It is a document now. */
void upload_keep(struct upload *upload);

#endif

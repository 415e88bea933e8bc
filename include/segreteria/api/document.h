/* What uploads, downloads and the scanning of documents share: ids, sealed keys, reading, types,
 * names. */
#ifndef SEGRETERIA_API_DOCUMENT_H
#define SEGRETERIA_API_DOCUMENT_H

#include <sodium.h>

#include "segreteria/auth/secret.h"
#include "segreteria/core/arena.h"
#include "segreteria/core/uuid.h"

#define DOCUMENT_NAME_MAX 200                    /* characters */
#define DOCUMENT_CHUNK_BYTES ((size_t)64 * 1024) /* of the file; ciphertext has 17 more */
/* Key and header of the document's secretstream. */
#define DOCUMENT_SECRET_BYTES                                                                      \
    (crypto_secretstream_xchacha20poly1305_KEYBYTES +                                              \
     crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define DOCUMENT_SEALED_BYTES (DOCUMENT_SECRET_BYTES + SECRET_OVERHEAD)
#define DOCUMENT_SEALED_TEXT_SIZE (2 + 2 * DOCUMENT_SEALED_BYTES + 1) /* "\\x..." */

struct document_id {
    char text[UUID_TEXT_SIZE];
};
void document_id_make(struct document_id *id);

/* Sealed for the document's id, as PostgreSQL's bytea text. */
void document_secret_seal(const struct keys *keys, const struct document_id *id,
                          const unsigned char secret[DOCUMENT_SECRET_BYTES],
                          char sealed[DOCUMENT_SEALED_TEXT_SIZE]);
/* As secret_open; INVALID: not the text of a sealed key. */
NODISCARD enum status document_secret_open(const struct keys *keys, const struct document_id *id,
                                           struct str sealed,
                                           unsigned char secret[DOCUMENT_SECRET_BYTES]);

/* A document's ciphertext turned back into its bytes, from the beginning on, chunk by chunk. */
struct document_reader {
    crypto_secretstream_xchacha20poly1305_state cipher;
    bool at_end; /* the last chunk was read */
    unsigned char cipher_text[DOCUMENT_CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES];
};

/* sealed: as in document_secret_open. Wipe the reader when done (sodium_memzero). */
NODISCARD enum status document_reader_open(struct document_reader *reader, const struct keys *keys,
                                           const struct document_id *id, struct str sealed);
/* The next chunk (PostgreSQL's bytea text) decrypted to out, DOCUMENT_CHUNK_BYTES. INVALID: it is
 * not what was stored there. */
NODISCARD enum status document_reader_next(struct document_reader *reader, struct str chunk,
                                           unsigned char *out, size_t *len);

/* The media type of a file that begins with these bytes (its first chunk), of those that are taken
 * (static text); NULL: none of them, whatever its name says. */
const char *document_type(const unsigned char *bytes, size_t len);

/* A file's name to keep: the last part of a path, without control and direction characters, cut at
 * DOCUMENT_NAME_MAX characters; "document" when nothing is left. NULL: out of memory. */
char *document_name(struct arena *arena, struct str given);

#endif

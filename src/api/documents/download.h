/* A document on its way to a client: chunks are read, decrypted and sent as the client takes them.
 */
#ifndef SEGRETERIA_API_DOCUMENTS_DOWNLOAD_H
#define SEGRETERIA_API_DOCUMENTS_DOWNLOAD_H

#include "../internal.h"
#include "segreteria/api/document.h"

/* Answers with the document that documents_open or document_link_open describes, or with their
 * refusal; one range of it where the client asks for one (RFC 9110 section 14). */
void download_start(struct api_call *call, struct str document_id, const struct db_result *opened);
/* The same for what is kept like a document elsewhere: chunks reads two rows `data` from chunk
 * :from on of the thing :document. */
void download_start_from(struct api_call *call, struct str id, const struct db_result *opened,
                         const struct db_statement *chunks);

#endif

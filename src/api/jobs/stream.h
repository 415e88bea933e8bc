/* A list of vacancies as newline-delimited JSON: all of it, whatever its length. */
#ifndef SEGRETERIA_API_JOBS_STREAM_H
#define SEGRETERIA_API_JOBS_STREAM_H

#include "segreteria/api/call.h"

/* True when the client would rather have application/x-ndjson than application/json. */
bool stream_wanted(const struct api_call *call);
/* Answers with everything that the statement's pages hold; `by_index`: that the index finds, as
 * long as it serves. */
NODISCARD enum status stream_begin(struct api_call *call, const struct db_statement *statement,
                                   bool by_index);

#endif

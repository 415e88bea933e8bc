/* What GET /v1/applications and GET /v1/jobs/{job_id}/applications share. */
#ifndef SEGRETERIA_API_APPLICATIONS_LISTING_H
#define SEGRETERIA_API_APPLICATIONS_LISTING_H

#include "segreteria/api/call.h"

enum listing_form { LISTING_PAGE, LISTING_NDJSON, LISTING_CSV };

/* Answers a company's member with what its company received and a candidate with its own (`own`,
 * the statement of a page), in the form that the Accept field asks for. */
NODISCARD enum status listing_answer(struct api_call *call, const struct db_statement *own);

/* export.c: answers with all of it, piece after piece, as it is taken. `own`: for a candidate, the
 * statement of a page; NULL for a company's member. */
NODISCARD enum status export_begin(struct api_call *call, enum listing_form form,
                                   const struct db_statement *own);

#endif

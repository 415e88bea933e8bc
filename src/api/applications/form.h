/* An application as multipart/form-data: a part `application` with the JSON, and files in parts
 * `document`, which are encrypted and stored while they arrive. They become documents in the
 * transaction that makes the application, or not at all. */
#ifndef SEGRETERIA_API_APPLICATIONS_FORM_H
#define SEGRETERIA_API_APPLICATIONS_FORM_H

#include "../internal.h"

#define FORM_DOCUMENTS_MAX 5

/* Begins to take the body; everything else happens as it arrives. */
NODISCARD enum status application_form_open(struct api_call *call);

#endif

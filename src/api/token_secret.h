/* The secret of a new or rotated API token. */
#ifndef SEGRETERIA_API_TOKEN_SECRET_H
#define SEGRETERIA_API_TOKEN_SECRET_H

#include "segreteria/api/call.h"

/* Binds :token_hash and :prefix (the first characters, by which people recognise a token) and sets
 * the answer's `secret`. */
NODISCARD enum status token_secret_prepare(struct api_call *call);

#endif

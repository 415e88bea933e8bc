/* What the operations on a suspension share. */
#ifndef SEGRETERIA_API_SUSPENSION_H
#define SEGRETERIA_API_SUSPENSION_H

#include "segreteria/api/call.h"

/* Answers with the row; before that every worker forgets what it knew of callers: whose tokens are
 * a member's of this company is known to PostgreSQL alone. Other instances hear it by NOTIFY. */
void suspension_changed(struct api_call *call, const struct db_result *result);

#endif

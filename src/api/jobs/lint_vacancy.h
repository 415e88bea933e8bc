/* The texts of a vacancy through the rules of the lint room, for the statements that publish one.
 */
#ifndef SEGRETERIA_API_JOBS_LINT_VACANCY_H
#define SEGRETERIA_API_JOBS_LINT_VACANCY_H

#include "segreteria/api/call.h"

/* What was found in the title, the description and the questions of a valid vacancy document, in
 * the language of the request, as the :lint argument of jobs_create and its kin (see
 * migrations/0060_publishing_rules.sql). The text lives in the arena. */
NODISCARD enum status lint_vacancy_text(const struct api_call *call, const json_t *vacancy,
                                        struct arena *arena, struct str *out);
/* The same, bound as :lint. */
NODISCARD enum status lint_vacancy(struct api_call *call, const json_t *vacancy);

#endif

/* What registering a company and registering a candidate share. */
#ifndef SEGRETERIA_API_REGISTRATION_H
#define SEGRETERIA_API_REGISTRATION_H

#include "segreteria/api/call.h"

/* Hashes the password found at /<member>/password (member NULL: /password) on a helper thread, then
 * runs the statement with :password_hash, :access_hash and :refresh_hash; :body is the request's
 * body without the password. */
NODISCARD enum status registration_run(struct api_call *call, const char *member,
                                       const struct db_statement *statement);
/* :body without /<member>/password, wherever a password must not travel on. */
NODISCARD enum status registration_bind_body(struct api_call *call, const char *member);

#endif

/* A password for the command line: asked for, or made. */
#ifndef SEGRETERIA_CLI_PASSWORD_H
#define SEGRETERIA_CLI_PASSWORD_H

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

/* Asks twice on the terminal without showing what is typed; where standard input is none, takes its
 * first line. INVALID with one line for a person in `error`: too short or long, too common, or
 * typed in two ways. The caller wipes out. */
NODISCARD enum status cli_password_ask(struct str email, char *out, size_t size, struct buf *error);
/* 130 bits of chance in lower-case letters and digits that are not mistaken for each other. */
NODISCARD enum status cli_password_generate(char *out, size_t size);

#endif

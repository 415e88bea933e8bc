/* Structured log lines on standard error: logfmt (`ts=... level=... event=... key=value`), one line
 * an event; threads do not interleave. Thread-safe. Never waits for whoever reads them: lines for
 * which there is no room are lost, and their number is told (event=log_lines_lost) when there is
 * room again. Nothing private goes in: no tokens, e-mail addresses, bodies, query strings or names;
 * ids, counts, codes and durations only.
 */
#ifndef SEGRETERIA_CORE_LOG_H
#define SEGRETERIA_CORE_LOG_H

#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Process-wide; call before threads start. Lines below `level` are dropped before they are
 * formatted. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
NODISCARD enum status log_level_parse(struct str name, enum log_level *out);

/* fields: a printf format that yields `key=value key=value`; values with spaces or quotes go
 * through LOG_Q. May be "". A line is cut at 4,000 bytes. CR, LF and other control bytes are
 * replaced: a value cannot forge a line. */
void log_write(enum log_level level, const char *event, const char *fields, ...) PRINTF_LIKE(3, 4);

#define log_debug(event, ...) log_write(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_write(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_write(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_write(LOG_ERROR, event, __VA_ARGS__)

/* Lines in that form, made elsewhere, each at most 4,096 bytes with its newline. */
void log_lines(struct str lines);

/* A bounded, quoted copy of a text for a log value: "..." with quotes and backslashes escaped. Use
 * in an argument list: log_warn("db_error", "message=%s", log_quote(&(struct log_quoted){0},
 * text)). */
struct log_quoted {
    char text[512];
};
const char *log_quote(struct log_quoted *out, struct str s);

#endif

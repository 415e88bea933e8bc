/* logfmt lines on standard error. The level is the one process-wide setting, written before threads
 * start. */
#include "segreteria/core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "segreteria/core/clock.h"

#define LINE_MAX_BYTES 4000

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int threshold = LOG_INFO;

void log_set_level(enum log_level level) {
    atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

enum log_level log_level(void) {
    return (enum log_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

enum status log_level_parse(struct str name, enum log_level *out) {
    for (unsigned i = 0; i < 4; i++)
        if (str_eq(name, str_of(level_names[i]))) {
            *out = (enum log_level)i;
            return STATUS_OK;
        }
    return STATUS_INVALID;
}

void log_write(enum log_level level, const char *event, const char *fields, ...) {
    if (level < log_level())
        return;
    char line[LINE_MAX_BYTES];
    char date[CLOCK_RFC3339_SIZE];
    int64_t now = clock_unix_ms();
    clock_format_rfc3339(now, date);
    int head = snprintf(line, sizeof line, "ts=%.19s.%03dZ level=%s event=%s ", date,
                        (int)(now % 1000), level_names[level], event);
    if (head < 0 || (size_t)head >= sizeof line)
        return;
    va_list args;
    va_start(args, fields);
    int body = vsnprintf(line + head, sizeof line - (size_t)head, fields, args);
    va_end(args);
    if (body < 0)
        body = 0;
    size_t len = (size_t)head + (size_t)body;
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = ' ';
    if (len > 0 && line[len - 1] == ' ')
        len--;
    line[len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written; /* nowhere left to say that logging failed */
}

const char *log_quote(struct log_quoted *out, struct str s) {
    size_t n = 0;
    out->text[n++] = '"';
    for (size_t i = 0; i < s.len && n < sizeof out->text - 3; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            out->text[n++] = '\\';
        out->text[n++] = s.ptr[i];
    }
    out->text[n++] = '"';
    out->text[n] = '\0';
    return out->text;
}

/* logfmt lines on standard error. The level is the one process-wide setting, written before threads
 * start.
 *
 * A pipe that nobody reads, full, would hold up whoever writes to it, and with it the whole server.
 * The descriptor may be shared with other programs, so it is not made non-blocking; but a pipe or
 * socket that poll(2) says is writable takes a page at least, so pieces of that size never wait. */
#include "segreteria/core/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "segreteria/core/clock.h"

#define LINE_MAX_BYTES 4000
#define PIECE_MAX_BYTES 4096 /* PIPE_BUF: written whole or not at all */

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int threshold = LOG_INFO;

/* Between one thread's poll and its write no other may take the room. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long lost; /* lines, under `writing` */

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

/* ---- writing ---- */

static bool has_room(void) {
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) != 0;
}

static bool put(struct str piece) {
    return has_room() && write(STDERR_FILENO, piece.ptr, piece.len) == (ssize_t)piece.len;
}

static size_t lines_in(struct str text) {
    size_t count = 0;
    for (struct str rest = text, line; str_split(&rest, '\n', &line);)
        count++;
    return count - 1; /* nothing follows the last newline */
}

/* As many whole lines as go out together. */
static struct str first_piece(struct str lines) {
    if (lines.len <= PIECE_MAX_BYTES)
        return lines;
    const char *end = memrchr(lines.ptr, '\n', PIECE_MAX_BYTES);
    size_t len = end == NULL ? str_find(lines, '\n') : (size_t)(end - lines.ptr);
    return str_from(lines.ptr, len < lines.len ? len + 1 : len);
}

/* Once there is room again, what is missing is told first. */
static bool tell_lost(void) {
    char line[128], date[CLOCK_RFC3339_SIZE];
    int64_t now = clock_unix_ms();
    clock_format_rfc3339(now, date);
    int len = snprintf(line, sizeof line,
                       "ts=%.19s.%03dZ level=warn event=log_lines_lost count=%llu\n", date,
                       (int)(now % 1000), lost);
    if (len < 0 || !put(str_from(line, (size_t)len)))
        return false;
    lost = 0;
    return true;
}

void log_lines(struct str lines) {
    (void)pthread_mutex_lock(&writing);
    while (lines.len > 0 && (lost == 0 || tell_lost())) {
        struct str piece = first_piece(lines);
        if (!put(piece))
            break;
        lines = str_from(lines.ptr + piece.len, lines.len - piece.len);
    }
    if (lines.len > 0)
        lost += lines_in(lines);
    (void)pthread_mutex_unlock(&writing);
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
    log_lines(str_from(line, len));
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

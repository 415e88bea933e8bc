/* Clocks and the two date formats the protocol needs, without the locale that strftime
 * would bring. */
#include "segreteria/core/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ms(void) { return clock_ns(CLOCK_MONOTONIC) / 1000000u; }
uint64_t clock_monotonic_us(void) { return clock_ns(CLOCK_MONOTONIC) / 1000u; }
uint64_t clock_thread_us(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1000u; }

int64_t clock_unix_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct tm civil(int64_t unix_ms) {
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    return tm;
}

void clock_format_rfc3339(int64_t unix_ms, char out[CLOCK_RFC3339_SIZE]) {
    struct tm tm = civil(unix_ms);
    (void)snprintf(out, CLOCK_RFC3339_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
                   (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
                   (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u);
}

void clock_format_http_date(int64_t unix_ms, char out[CLOCK_HTTP_DATE_SIZE]) {
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = civil(unix_ms);
    (void)snprintf(out, CLOCK_HTTP_DATE_SIZE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                   days[(unsigned)tm.tm_wday % 7u], (unsigned)tm.tm_mday % 100u,
                   months[(unsigned)tm.tm_mon % 12u], (unsigned)(tm.tm_year + 1900) % 10000u,
                   (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
                   (unsigned)tm.tm_sec % 100u);
}

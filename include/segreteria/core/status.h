/* What a fallible function answers. One enumeration for all rooms, so that a caller never
 * translates between two.
 *
 * Rule: a function that can fail returns `enum status`, is marked NODISCARD, and leaves its
 * out-parameters untouched on any answer other than STATUS_OK unless its comment says otherwise.
 */
#ifndef SEGRETERIA_CORE_STATUS_H
#define SEGRETERIA_CORE_STATUS_H

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum status {
    STATUS_OK = 0,
    STATUS_NO_MEMORY, /* an allocation failed or an arena's limit was reached */
    STATUS_INVALID,   /* the input is malformed */
    STATUS_TOO_LARGE, /* a stated maximum was passed */
    STATUS_NOT_FOUND,
    STATUS_EXISTS,
    STATUS_BUSY,        /* a bounded queue is full; try again later */
    STATUS_TIMEOUT,     /* a deadline passed */
    STATUS_UNAVAILABLE, /* the data base (or another peer) cannot be reached */
    STATUS_IO,          /* a system call failed; errno tells */
    STATUS_MISMATCH,    /* a checksum, version or signature does not fit */
    STATUS_UNSUPPORTED,
    STATUS_INTERNAL /* a bug: an invariant does not hold */
};

/* A static, lower-case name ("no_memory"), for logs. */
const char *status_name(enum status status);

#endif

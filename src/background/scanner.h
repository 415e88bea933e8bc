/* Has documents looked at by a virus scanner: takes one that nobody has looked at, reads its
 * chunks, decrypts them and hands them to clamd, and writes down what that says. Never the whole
 * file in memory: 200 KiB a document, SCANS_AT_ONCE at a time. What the scanner cannot be asked
 * stays `not_scanned` and is tried again. On the background thread. */
#ifndef SEGRETERIA_BACKGROUND_SCANNER_H
#define SEGRETERIA_BACKGROUND_SCANNER_H

#include <stdatomic.h>

#include "segreteria/auth/keys.h"
#include "segreteria/background/clamd.h"
#include "segreteria/db/lane.h"
#include "segreteria/worker/loop.h"

#define SCANNER_STATEMENTS 3
extern const struct db_statement *const scanner_statements[SCANNER_STATEMENTS];

struct scanner;

/* *out is NULL where the address has no scanner. lane prepares scanner_statements. Borrows loop,
 * lane and keys. */
NODISCARD enum status scanner_create(const struct clamd_address *address,
                                     const _Atomic(const struct keys *) *keys, struct loop *loop,
                                     struct db_lane *lane, struct scanner **out);
/* After the loop has ended, before the lane is destroyed. What was being scanned is scanned again
 * later. NULL is allowed. */
void scanner_destroy(struct scanner *scanner);

#endif

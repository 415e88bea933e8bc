/* search_fold() of the data base (docs/search.md, "Folding") for the letters of Western Europe,
 * whose folding does not depend on PostgreSQL's version of Unicode or the data base's locale: to
 * lower case, without accents, words separated by one space.
 */
#ifndef SEGRETERIA_SEARCH_FOLD_H
#define SEGRETERIA_SEARCH_FOLD_H

#include <stdbool.h>

#include "segreteria/core/buf.h"

/* Appends the folded text, which is ASCII, to out (never more than three times as long). False: the
 * text holds a sign that PostgreSQL alone folds, or is not UTF-8; out then holds a part of it. Any
 * thread. */
bool fold_append(struct buf *out, struct str text);

/* The next code point of well-formed UTF-8, cut off rest; 0 at the end, and for NUL and bytes that
 * are no UTF-8, which stay. */
uint32_t fold_next(struct str *rest);

#endif

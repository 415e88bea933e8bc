/* A meeting as an iCalendar object (RFC 5545), and as a message about one (RFC 5546: METHOD).
 *
 * The meeting is a JSON object: uid, sequence, stamp, status, summary, organizer (a name), events
 * ([{starts_at, ends_at}], RFC 3339 in UTC); method, location, url, if there are. Several events
 * are times of which one is to be chosen: each has a UID of its own (RFC 7986: a UUID). Text is
 * escaped and lines are folded, so that no value adds a line. Thread-safe.
 */
#ifndef SEGRETERIA_MAIL_CALENDAR_H
#define SEGRETERIA_MAIL_CALENDAR_H

#include <jansson.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define CALENDAR_MAX ((size_t)16 * 1024) /* bytes */

/* organizer, attendee: addresses; STR_NONE: the object names nobody and is no message (it has no
 * METHOD then). Lines end in CRLF. INVALID: not such a meeting. */
NODISCARD enum status calendar_write(const json_t *meeting, struct str organizer,
                                     struct str attendee, struct buf *out);

#endif

/* The encodings of mail: quoted-printable, encoded words, dates. */
#ifndef SEGRETERIA_MAIL_MIME_H
#define SEGRETERIA_MAIL_MIME_H

#include "segreteria/core/buf.h"
#include "segreteria/core/str.h"

/* Text with LF line ends, as quoted-printable (RFC 2045 section 6.7) with CRLF. */
void mime_quoted_printable(struct buf *out, struct str text);
/* `name: text` CRLF, folded; as encoded words (RFC 2047) unless the text is plain and short. */
void mime_header(struct buf *out, const char *name, struct str text);
/* A display name before an address: quoted, or as encoded words; and the blank after it. */
void mime_phrase(struct buf *out, struct str name);
/* "Mon, 23 Nov 2026 18:47:00 +0000" (RFC 5322 section 3.3). */
void mime_date(struct buf *out, int64_t unix_ms);

#endif

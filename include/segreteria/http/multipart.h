/* multipart/form-data (RFC 7578, RFC 2046 section 5.1) read as it arrives, at constant memory: the
 * caller pulls events out of the bytes it has, and stops pulling when it has no room.
 */
#ifndef SEGRETERIA_HTTP_MULTIPART_H
#define SEGRETERIA_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define MULTIPART_BOUNDARY_MAX 70   /* characters (RFC 2046 section 5.1.1) */
#define MULTIPART_HEAD_MAX 4096     /* bytes of one part's fields */
#define MULTIPART_PARTS_MAX 32      /* parts of one body */
#define MULTIPART_PREAMBLE_MAX 4096 /* bytes before the first boundary and after the last */

enum multipart_event {
    MULTIPART_MORE,     /* the input is used up; come back with more */
    MULTIPART_PART,     /* a part begins: name, filename and has_filename are set */
    MULTIPART_DATA,     /* some of its content: *data, until the next call */
    MULTIPART_PART_END, /* it is complete */
    MULTIPART_END,      /* the closing boundary was there; input after it is passed over */
    MULTIPART_MALFORMED
};

struct multipart {
    /* of the part that began last */
    char name[128]; /* NUL-terminated */
    char filename[512];
    bool has_filename;
    /* private */
    enum { MP_PREAMBLE, MP_LINE, MP_HEAD, MP_DATA, MP_EPILOGUE, MP_BROKEN } state;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; /* CR LF - - boundary */
    size_t delimiter_len;
    size_t matched;  /* bytes of the delimiter seen at the end of what came so far */
    size_t head_len; /* of head; in MP_LINE, of the rest of the boundary's line */
    size_t passed;   /* bytes of preamble or epilogue */
    unsigned parts;
    char head[MULTIPART_HEAD_MAX];
};

/* content_type: the Content-Type field's value. INVALID: not multipart/form-data, or no usable
 * boundary. */
NODISCARD enum status multipart_init(struct multipart *multipart, struct str content_type);

/* The next event; what it used is cut off from the front of *input. */
enum multipart_event multipart_next(struct multipart *multipart, struct str *input,
                                    struct str *data);

/* At the end of the body: whether the closing boundary was there. */
bool multipart_is_complete(const struct multipart *multipart);

#endif

/* One INSTREAM conversation with clamd (clamd(8)): bytes go in frames, one verdict comes back.
 * Never blocks; owned by the loop's thread. */
#ifndef SEGRETERIA_BACKGROUND_CLAMD_SESSION_H
#define SEGRETERIA_BACKGROUND_CLAMD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/background/clamd.h"
#include "segreteria/worker/loop.h"

#define CLAMD_REPLY_MAX 512
#define CLAMD_SILENCE_MS 60000u /* of a scanner that neither takes nor says anything */

enum clamd_verdict { CLAMD_CLEAN, CLAMD_INFECTED, CLAMD_UNREACHABLE, CLAMD_FAILED };

struct clamd_session {
    /* the owner's, set before clamd_open */
    struct loop *loop;
    void (*on_room)(struct clamd_session *session); /* all that was given was sent */
    /* Once, and nothing afterwards; the session is closed. text: what was found, or why it failed;
     * with UNREACHABLE it is NUL-terminated. */
    void (*on_verdict)(struct clamd_session *session, enum clamd_verdict verdict, struct str text);
    /* private */
    struct loop_watch watch;
    struct loop_timer silence;
    bool open, connected, ended;
    unsigned char length[4];
    struct {
        const unsigned char *bytes;
        size_t len;
    } out[2];
    char reply[CLAMD_REPLY_MAX];
    size_t reply_len;
};

/* Connects and begins; on_room follows, or on_verdict, never from within. Not OK: nothing was
 * begun, errno says why. */
NODISCARD enum status clamd_open(struct clamd_session *session,
                                 const struct clamd_address *address);
/* After on_room: the next bytes (1 to 2^31), borrowed until the next on_room. */
void clamd_send(struct clamd_session *session, const unsigned char *bytes, size_t len);
/* After on_room: that was all; the verdict follows. */
void clamd_end(struct clamd_session *session);
/* No more calls come. */
void clamd_close(struct clamd_session *session);

#endif

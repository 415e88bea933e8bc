/* Keeps the master keys of a running server in step with their file, and the data base informed of
 * which keys this instance knows. On the background thread. */
#ifndef SEGRETERIA_BACKGROUND_KEY_WATCH_H
#define SEGRETERIA_BACKGROUND_KEY_WATCH_H

#include "segreteria/auth/keys.h"
#include "segreteria/db/lane.h"
#include "segreteria/worker/loop.h"

#define KEY_WATCH_STATEMENTS 2
extern const struct db_statement *const key_watch_statements[KEY_WATCH_STATEMENTS];

struct key_watch;

struct key_watch_options {
    const char *data_dir; /* reachable path */
    const char *source;   /* what to call where the keys come from */
    bool fixed;           /* they come from the environment: nothing to read again */
    _Atomic(const struct keys *) *keys;
};

/* Borrows everything but the options' struct; the strings must outlive it. lane prepares
 * key_watch_statements. */
NODISCARD enum status key_watch_create(const struct key_watch_options *options, struct loop *loop,
                                       struct db_lane *lane, struct key_watch **out);
/* Reads the file again and tells the data base, now. */
void key_watch_now(struct key_watch *watch);
/* Tells the data base that this instance is gone; done is called once, at once where that cannot be
 * told. */
void key_watch_leave(struct key_watch *watch, void (*done)(void *context), void *context);
/* Before the lane is destroyed. The rings that were read stay until key_watch_free. */
void key_watch_stop(struct key_watch *watch);
/* When no thread uses a ring any more. NULL is allowed. */
void key_watch_free(struct key_watch *watch);

#endif

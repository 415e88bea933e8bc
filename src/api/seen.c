/* Read your writes: the answer to a write that changes public vacancies is held back until this
 * process's search index and kept answers show it. Other instances show it some milliseconds later.
 */
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* Outlives the request: the feed may still have it when the client has gone. */
struct seen {
    struct search_wait wait;
    struct api_call *call; /* NULL: nobody waits any more */
    struct http_reply reply;
};

void api_publishes(struct api_call *call) { call->publishes = true; }

static void on_seen(struct search_wait *wait) {
    struct seen *seen = wait->context;
    struct api_call *call = seen->call;
    if (call != NULL) {
        call->seen = NULL;
        http_reply_send(call->request, &seen->reply);
    }
    free(seen);
}

void seen_forget(struct api_call *call) {
    struct seen *seen = call->seen;
    if (seen == NULL)
        return;
    call->seen = NULL;
    seen->call = NULL;
    if (seen->reply.release != NULL)
        seen->reply.release(seen->reply.owner);
    if (seen->reply.body_fd > 0)
        (void)close(seen->reply.body_fd);
}

void reply_send(struct api_call *call, const struct http_reply *reply) {
    struct api_worker *worker = call->worker;
    bool waits = call->publishes && reply->status < 400 &&
                 search_feed_is_live(worker->shared->feed, loop_now_ms(worker->loop));
    struct seen *seen = waits ? calloc(1, sizeof *seen) : NULL;
    keep_answer(call, reply);
    if (seen == NULL) {
        http_reply_send(call->request, reply);
        return;
    }
    seen->call = call;
    seen->reply = *reply;
    seen->wait.on_seen = on_seen;
    seen->wait.context = seen;
    call->seen = seen;
    search_feed_wait(&worker->search, &seen->wait);
}

/* One exchange as a libcurl transfer: writes the request, reads the answer, judges the end.
 *
 * A transfer keeps its easy handle from one exchange to the next and changes only what differs.
 * Everything here runs on the upstream's thread, but for the fields the queue's mutex guards. */
#ifndef TESTKIT_GATEWAY_UPSTREAM_TRANSFER_H
#define TESTKIT_GATEWAY_UPSTREAM_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/scope.h"
#include "gateway/proxy/upstream.h"
#include "gateway/upstream/base_url.h"
#include "gateway/upstream/socket_watch.h"

/* What all transfers of one upstream have in common. Borrowed by each of them. */
struct transfer_settings {
    struct base_url base;
    char *ca_file; /* NULL: the system's certificates */
    int64_t connect_timeout_ms;
    int64_t max_idle_ms;
    struct socket_watch *watch;
};

enum transfer_state {
    TRANSFER_WAITING, /* submitted, not started */
    TRANSFER_RUNNING, /* in the multi handle    */
    TRANSFER_OVER,    /* settled                */
};

/* Why we ended a transfer ourselves, when curl only knows that a callback refused. */
enum transfer_verdict {
    VERDICT_NONE,
    VERDICT_SENT_ONCE,      /* curl was about to send a write again          */
    VERDICT_BODY_TOO_LARGE, /* more than max_body_bytes                      */
    VERDICT_HEAD_TOO_LARGE, /* an answer's head without end                  */
    VERDICT_NO_MEMORY,
    VERDICT_ENOUGH, /* the reader of the answer wants no more */
};

struct transfer {
    /* Guarded by the mutex of the queue. */
    uint64_t id;         /* 0 = free                          */
    uint32_t generation; /* high half of the id, never reused */
    uint32_t slot;       /* low half                          */
    struct transfer *next;
    struct transfer *next_cancelled;
    struct transfer *next_resumed;
    bool cancel_asked;
    bool resume_asked;

    /* Written before it is queued, then the loop's. */
    struct upstream_exchange *exchange;
    int64_t submitted_ns; /* monotonic */
    int64_t deadline_ns;  /* INT64_MAX: none */
    enum transfer_state state;

    /* The loop's. */
    const struct transfer_settings *settings;
    CURL *easy; /* NULL until first used, and again after a burst */
    bool cancel_seen;

    int attempts; /* how often the request was about to go on the wire */
    enum transfer_verdict verdict;
    int socket_errno; /* why no socket could be made, 0 when it could */
    int head_status;  /* of the head being read, 1xx included         */
    size_t head_bytes;
    bool head_complete; /* of the final answer */

    bool sends_body;     /* how the handle is set up now: ... a body is posted */
    const char *verb;    /* ... under this method name, NULL for a plain GET   */
    struct buffer lines; /* target and header lines of the request             */
    struct curl_slist *nodes;
    size_t node_capacity;
    char curl_says[CURL_ERROR_SIZE];
};

void transfer_fini(struct transfer *transfer);
/* Gives the easy handle back; the next exchange makes a new one. */
void transfer_close(struct transfer *transfer);

/* Sets the easy handle up for transfer->exchange; the caller adds it to the multi handle. False
 * when that cannot be: the exchange's outcome and detail are then written. */
MUST_USE bool transfer_prepare(struct transfer *transfer, int64_t now_ns);

/* False when the easy handle must not serve another exchange. */
bool transfer_is_reusable(const struct transfer *transfer);

/* Writes the outcome of a transfer that curl says has ended. */
void transfer_settle(struct transfer *transfer, CURLcode code, int64_t now_ns);

/* Forgets the headers of an answer: before it, and when another head follows. */
void exchange_forget_head(struct upstream_exchange *exchange);

/* Writes an outcome curl has no part in, with the bytes of the answer dropped. */
void exchange_fail(struct upstream_exchange *exchange, enum upstream_outcome outcome,
                   const char *format, ...) PRINTF_LIKE(3, 4);

#endif

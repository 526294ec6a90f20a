/* One server-streaming call: the answer becomes messages as it comes.
 *
 * bytes -> transcode_request -> upstream -> stream_split -> transcode_reply -> deliver, ... finish
 *
 * It is a proxy_call with a struct proxy_stream: started, cancelled and finished in the same way.
 * How the answer is cut follows from its Content-Type (stream_split.h); where the reply is a
 * google.api.HttpBody each piece is a message as it came. What differs from a unary call:
 *
 * - settings->timeout_ms does not count, only the caller's deadline and the method's own timeout.
 * - settings->max_reply_bytes is the limit of one item and of its message.
 * - An answer that ends inside an item, or whose connection is lost, ends the call UNAVAILABLE; an
 *   item that does not fit ends it INTERNAL, naming the item and the place in it; an event named
 *   "error" ends it as its data says, UNKNOWN unless an error rule of the method fits. Messages
 *   that came before have been delivered.
 *
 * Back-pressure: when there is no room a piece is left with the upstream, which then reads no more,
 * until proxy_call_resume. So a slow reader costs one piece of the answer, one item and what the
 * edge keeps. */
#ifndef TESTKIT_GATEWAY_PROXY_STREAM_H
#define TESTKIT_GATEWAY_PROXY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "gateway/transcode/stream_split.h"

struct proxy_call;

struct proxy_stream {
    /* Filled in by the edge before proxy_call_start; both are called on the upstream's thread, and
     * never after `finish`. */
    bool (*has_room)(struct proxy_call *call);
    /* The next message, borrowed for the duration; call->returned is written. False: no memory for
     * it. */
    bool (*deliver)(struct proxy_call *call, struct text message);

    /* Private; zero at first. */
    bool has_begun;     /* a piece of the answer came */
    bool has_delivered; /* ... and a message was made */
    bool is_ended;      /* call->status is written    */
    struct stream_split split;
    struct buffer message;
    uint64_t item_count;
};

/* For call.c: makes call->exchange one of a stream. */
void proxy_stream_prepare(struct proxy_call *call);
void proxy_stream_fini(struct proxy_stream *stream);

#endif

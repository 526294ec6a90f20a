/* One gRPC call, unary or streaming, from its arrival to its last event.
 *
 * What the call is about is the business of its handler: the API's methods (proxied.c), health
 * (health_service.c), reflection (reflection_service.c). A handler sees messages and never C-core:
 *
 *     start -> rpc_call_receive -> received -> rpc_call_send -> sent -> ... -> rpc_call_end
 *
 * Back-pressure is in the order of these steps. A request message is read when it is asked for, and
 * one reply message is on its way at a time: `sent` says that C-core has taken it, which it does
 * only while the client keeps reading, so a handler that waits for `sent` holds one message however
 * slow the client is.
 *
 * Threads: `drain` and `expel` come from whoever stops the server, every other function of a
 * handler on the call's worker thread, where it must not block. rpc_call_send and rpc_call_end may
 * be called from any thread, by one at a time; who ends a call first wins (rpc_call_refuse). */
#ifndef TESTKIT_GATEWAY_RPC_CALL_H
#define TESTKIT_GATEWAY_RPC_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <grpc/grpc.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/proxy/call.h"
#include "gateway/proxy/rpc_status.h"

struct rpc_call;
struct rpc_edition;
struct rpc_worker;

struct rpc_handler {
    /* The call has arrived: ask for a message, send one or end it. */
    void (*start)(struct rpc_call *call);
    /* What rpc_call_receive asked for; borrowed for the duration. NULL: no more will come, because
     * the client said so or has gone. */
    void (*received)(struct rpc_call *call, const struct text *message);
    /* The message given to rpc_call_send has left us, or is lost with its client. Does not come
     * once the call was ended. NULL when only the last message is ever sent. */
    void (*sent)(struct rpc_call *call);
    /* The client has cancelled, has gone, or its deadline has passed. The call must end soon, if
     * nobody has ended it yet. */
    void (*cancelled)(struct rpc_call *call);
    /* The server stops: end what would not end by itself. Comes at most once, and never after the
     * end of the call. NULL for calls that end in their own time. */
    void (*drain)(struct rpc_call *call);
    /* The time for that is over: end it, before the client is cut off. Likewise at most once, by
     * the same rules; may come after the end of the call. NULL for calls that are only cut off. */
    void (*expel)(struct rpc_call *call);
    /* The call is over and will be freed. */
    void (*fini)(struct rpc_call *call);
};

/* What a completion-queue event is about. */
enum rpc_step { STEP_ARRIVED, STEP_RECEIVED, STEP_SENT, STEP_ENDED, STEP_CLOSED, STEP_COUNT };

struct rpc_tag {
    enum rpc_step step;
    struct rpc_call *call;
};

/* What the proxy brings back, and of ours a header and two trailers. */
enum { RPC_METADATA_MAX = UPSTREAM_KEPT_MAX + 3 };

struct rpc_call {
    /* For handlers. */
    struct rpc_worker *worker;
    struct rpc_edition *edition;       /* what was served when it arrived                   */
    const struct rpc_handler *handler; /* NULL until the call is routed                     */
    grpc_call_details details;         /* path and deadline                                 */
    grpc_metadata_array metadata;      /* the client's; elements belong to the call         */
    struct rpc_status status;          /* what rpc_call_end tells it                        */
    int http_status;                   /* for the log; 0 = the upstream did not answer      */
    bool is_closed;                    /* the client can be told nothing more               */
    bool is_counted;                   /* in server->inflight                               */
    int64_t upstream_ns;               /* likewise: spent on its answer                     */
    size_t metrics_row;                /* see metrics.h                                     */
    void *state;                       /* the handler's own; it frees it in fini            */
    struct proxy_call proxy;           /* of the proxied handler: without a second allocation */

    /* call.c's. */
    struct rpc_tag tags[STEP_COUNT];
    grpc_call *grpc;
    grpc_byte_buffer *request;
    int was_cancelled;     /* written by C-core before STEP_CLOSED                              */
    atomic_int pending;    /* events still to come; the call is freed with the last             */
    atomic_int sending;    /* enum sending                                                      */
    atomic_bool has_ender; /* somebody has taken it upon him to end the call                    */
    bool has_begun;        /* initial metadata was sent                                         */
    bool may_be_gzip;      /* ... and said that messages may be                                 */
    bool has_message;      /* one is on its way                                                 */
    bool is_stream;        /* one of the server's streams                                       */
    int64_t arrived_ns;
    size_t request_bytes;
    size_t reply_bytes;
    size_t reply_messages;
    size_t message_bytes;                 /* of the message on its way, for the metrics */
    grpc_metadata sent[RPC_METADATA_MAX]; /* initial metadata, then trailers */
    size_t initial_count;
    size_t trailer_count;
    struct rpc_call *next_stream; /* of the server's streams, guarded by its streams_mutex */
    struct rpc_call *previous_stream;
};

/* ---- For handlers ------------------------------------------------------------------------- */

/* Asks for the next request message; one at a time. Worker thread. */
void rpc_call_receive(struct rpc_call *call);

/* Sends a message, which is copied, and the initial metadata before the first. Not before `sent`
 * has come for the one before. False when the call was ended already: the message is dropped. */
bool rpc_call_send(struct rpc_call *call, struct text message);

/* Ends the call with call->status, which must be written, and before it a last message (NULL for
 * none; with one, nothing may be on its way). A message that is still on its way goes first. Once
 * per call. The caller must not touch the call afterwards, unless on its worker thread. */
void rpc_call_end(struct rpc_call *call, const struct text *message);

/* Ends the call with an error of ours; does nothing when it has an ender already. So it may come
 * from several sides at once. */
void rpc_call_refuse(struct rpc_call *call, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Ends a stream that worked, under the same rule. */
void rpc_call_finish(struct rpc_call *call);

/* Add to what is sent before the first message, and with the status; at most RPC_METADATA_MAX
 * together. An empty trailer is none.
 * key    legal as such; borrowed until the end of the call
 * value  copied; of a key that is not "-bin", what a header cannot carry becomes '?' */
void rpc_call_add_header(struct rpc_call *call, struct text key, struct text value);
void rpc_call_add_trailer(struct rpc_call *call, struct text key, struct text value);

/* The bytes of a slice; borrowed until the slice moves or goes. */
struct text rpc_slice_text(const grpc_slice *slice);

/* "/hypeman.v1.SnapshotService/GetSnapshot", as the client sent it. */
struct text rpc_call_path(const struct rpc_call *call);

/* INT64_MAX when the client set no deadline. */
int64_t rpc_call_time_left_ms(const struct rpc_call *call);

/* ---- For server.c ------------------------------------------------------------------------- */

/* Waits for one more call on the worker's queue. False when out of memory. */
MUST_USE bool rpc_call_post(struct rpc_worker *worker);
/* An event of the worker's queue. True when it brought a call, which then was routed and started,
 * so that another should be waited for. */
bool rpc_call_step(struct rpc_tag *tag, bool success);

#endif

/* One call from its request bytes to its reply or status. A streaming one has more to it: stream.h.
 *
 * bytes -> transcode_request -> upstream -> transcode_reply -> finish
 *
 * Knows neither gRPC nor curl: the edge that received the call fills in the first half of the
 * struct, starts it, and is told once when it is over. */
#ifndef TESTKIT_GATEWAY_PROXY_CALL_H
#define TESTKIT_GATEWAY_PROXY_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/http/http.h"
#include "gateway/proxy/metadata.h"
#include "gateway/proxy/rpc_status.h"
#include "gateway/proxy/stream.h"
#include "gateway/proxy/trace_context.h"
#include "gateway/proxy/upstream.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/schema.h"

/* What holds for every call. Immutable, shared by all threads. */
struct proxy_settings {
    int64_t timeout_ms;     /* the longest wait for the upstream, but for methods that stream or
                               have a timeout of their own                                */
    size_t max_reply_bytes; /* of the upstream's answer and of the message made from it   */
    const char *upstream_authorization; /* sent when the caller brings none; NULL = none */
    struct metadata_names forwarded;    /* of the caller's metadata, on to the upstream   */
    struct metadata_names returned;     /* of the answer's headers, back to the caller    */
};

enum { PROXY_MAX_HEADERS = METADATA_FORWARDED_MAX + 8, PROXY_MAX_RETURNED_BYTES = 4096 };

struct proxy_call {
    /* Filled in by the edge before proxy_call_start; borrowed until the call is freed. */
    const struct proxy_settings *settings;
    const struct method *method;
    struct upstream *upstream;
    struct forwarded_metadata metadata; /* the caller's, by metadata_forward                  */
    struct trace_context trace;         /* passed on as it is                                 */
    int64_t time_left_ms;               /* until the caller's deadline; INT64_MAX = no deadline */
    struct proxy_stream *stream; /* of a method that streams its replies, else NULL; borrowed */
    struct rpc_status *status;   /* zero; how the call ended, for `finish`. The edge frees it */
    /* Called exactly once, on the upstream's thread, or from within proxy_call_start when the call
     * never gets that far. The call may be freed from then on. */
    void (*finish)(struct proxy_call *call);
    void *context;

    /* The result, for `finish`. */
    struct buffer reply; /* of a unary call: the message's wire bytes when the status is OK */
    struct json_notes notes;
    int http_status; /* 0 when the upstream never answered */
    /* Metadata for the caller, out of the answer: for an error so much that the trailers stay
     * small. */
    struct http_header returned[UPSTREAM_KEPT_MAX];
    size_t returned_count;

    /* Private. */
    struct transcoded_request request;
    struct http_header headers[PROXY_MAX_HEADERS];
    struct upstream_exchange exchange;
    struct arena memory; /* of returned bytes */
};

/* Starts a call whose private and result members are zero.
 * wire  borrowed for the duration of this function. */
void proxy_call_start(struct proxy_call *call, struct text wire);

/* Asks for an early end: `finish` follows soon. Only from the thread that started the call, and
 * only while the call is alive; may come too late or twice. */
void proxy_call_cancel(struct proxy_call *call);

/* There is room for messages of the stream again. Like cancel. */
void proxy_call_resume(struct proxy_call *call);

void proxy_call_fini(struct proxy_call *call);

#endif

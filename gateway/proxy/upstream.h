/* What the proxy asks of an HTTP client: send this request, tell me once how it ended, and if I
 * want what comes until then as it comes.
 *
 * proxy/ declares the interface, upstream/ implements it with libcurl; another client can take its
 * place without touching anything else.
 *
 * Threads: submit, cancel and resume may be called from any thread and never block on the network.
 * `receive` and `done` are called on the upstream's own thread, never from within one of those;
 * `done` exactly once per submitted exchange, and last. */
#ifndef TESTKIT_GATEWAY_PROXY_UPSTREAM_H
#define TESTKIT_GATEWAY_PROXY_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/text.h"
#include "common/http/http.h"

enum upstream_outcome {
    UPSTREAM_ANSWERED,    /* status and body are complete                                      */
    UPSTREAM_UNREACHABLE, /* refused, no route, DNS, TLS: the request was certainly not sent   */
    UPSTREAM_LOST,        /* the connection ended before a complete answer; it may have acted  */
    UPSTREAM_TIMED_OUT,   /* timeout_ms passed; it may have acted                              */
    UPSTREAM_TOO_LARGE,   /* the answer exceeds max_body_bytes                                 */
    UPSTREAM_MALFORMED,   /* what came is not HTTP                                             */
    UPSTREAM_CANCELLED,   /* cancel() was called in time, or ENOUGH; its connection is closed  */
    UPSTREAM_FAILED,      /* a fault on our side (memory, descriptors); nothing was sent       */
};

enum { UPSTREAM_KEPT_MAX = 16, UPSTREAM_KEPT_BYTES = 1024 };

#define UPSTREAM_NO_TIMEOUT INT64_MAX

/* What its reader makes of a piece of an answer's body. */
enum upstream_taken {
    UPSTREAM_TAKEN,
    UPSTREAM_NOT_NOW, /* it comes again after resume(); until then nothing is read, so that the
                         server has to wait */
    UPSTREAM_ENOUGH,  /* the exchange ends here */
};

/* One request and its answer. Owned by the caller, who keeps it, and everything it borrows, alive
 * and unchanged from submit until `done` is called. */
struct upstream_exchange {
    /* The request. */
    enum http_method method;
    const char *custom_verb; /* of HTTP_METHOD_OTHER: a token of RFC 9110, sent as it is      */
    struct text target;      /* path and query, already escaped: sent byte for byte             */
    /* Sent as they are, besides Host, Content-Length and, unless given, "Accept-Encoding:
     * identity". FAILED, with nothing sent, when one holds a line break or NUL, or frames the
     * message (Host, Content-Length, Transfer-Encoding, Connection and kin). */
    const struct http_header *headers;
    size_t header_count;
    struct text body; /* sent with Content-Length when has_body, even when empty; POST,
                         PUT and PATCH say "Content-Length: 0" without one too          */
    bool has_body;
    int64_t timeout_ms;    /* for the whole exchange, > 0; or UPSTREAM_NO_TIMEOUT             */
    size_t max_body_bytes; /* of `answer`                                                     */
    /* NULL: the body comes whole, in `answer`. Else the body of an answer of 2xx comes here
     * instead, piece by piece and without a limit; the head is then written already. */
    enum upstream_taken (*receive)(struct upstream_exchange *exchange, struct text piece);
    const struct text *keep; /* names of headers of the answer to keep                        */
    size_t keep_count;
    void (*done)(struct upstream_exchange *exchange);
    void *context; /* the caller's own */

    /* The answer, written before `done`; needs no initial value. */
    enum upstream_outcome outcome;
    int status;             /* 0 unless an answer's head was read                          */
    struct buffer answer;   /* owned by the exchange: buffer_fini()                        */
    char content_type[128]; /* "" when absent; cut                                         */
    char retry_after[64];   /* the header's text, "" when absent; likewise the next two    */
    char date[32];
    char request_id[128]; /* X-Request-Id */
    /* Those of `keep` that came, in their order, as far as there is room for whole ones. Names are
     * those of `keep`, values are borrowed from kept_bytes. */
    struct http_header kept[UPSTREAM_KEPT_MAX];
    size_t kept_count;
    char kept_bytes[UPSTREAM_KEPT_BYTES];
    size_t kept_used;
    int64_t duration_ns; /* from submit to done                                         */
    char detail[192];    /* one sentence on what went wrong; "" when ANSWERED           */

    uint64_t id; /* set by submit, never 0 but when memory is short; names the exchange in cancel.
                    Read it only while you know that the exchange still exists          */
    void *transfer; /* the upstream's own, while in flight */
};

struct upstream {
    /* Starts the exchange. A request other than GET is put on the wire at most once, whatever
     * happens (libcurl on its own sends it again when a reused connection dies).
     */
    void (*submit)(struct upstream *upstream, struct upstream_exchange *exchange);
    /* Asks for an early end. Does nothing when the exchange is over or unknown, so it may be called
     * with the id of an exchange that is already freed. `done` follows with CANCELLED, or with the
     * true outcome when that came first. */
    void (*cancel)(struct upstream *upstream, uint64_t id);
    /* Goes on after NOT_NOW. As harmless as cancel when there is nothing to go on with. */
    void (*resume)(struct upstream *upstream, uint64_t id);
};

static inline void upstream_submit(struct upstream *upstream, struct upstream_exchange *exchange)
{
    upstream->submit(upstream, exchange);
}

static inline void upstream_cancel(struct upstream *upstream, uint64_t id)
{
    upstream->cancel(upstream, id);
}

static inline void upstream_resume(struct upstream *upstream, uint64_t id)
{
    upstream->resume(upstream, id);
}

#endif

/* A gRPC client for tests that sends what it is told, right or wrong: any path, any bytes.
 *
 * A channel is one connection, with a thread that moves its bytes even while the test does
 * something else. It retries nothing, so what a server saw can be counted.
 *
 *     struct grpc_raw_channel *channel = grpc_raw_connect("127.0.0.1:50051");
 *     SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_run(
 *         channel, &(struct grpc_raw_request){ .path = "/x.Y/Z", .message = TEXT("\n\1a") });
 *     assert_int_equal(reply.code, 12);
 *     grpc_raw_disconnect(channel);
 *
 * A streaming call is opened instead, and written and read message by message:
 *
 *     struct grpc_raw_call *call = grpc_raw_open(channel, &(struct grpc_raw_request){ ... });
 *     grpc_raw_write(call, question);
 *     while (grpc_raw_read(call, &answer)) ...
 *     SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
 *
 * All functions may be called from any thread; a fault of the machinery itself aborts the test
 * program. */
#ifndef TESTKIT_TESTS_SUPPORT_GRPC_RAW_H
#define TESTKIT_TESTS_SUPPORT_GRPC_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/scope.h"
#include "common/base/text.h"

struct grpc_raw_channel;
struct grpc_raw_call;

struct grpc_raw_header {
    struct text key;
    struct text value; /* of a "-bin" key: the bytes, not their base64 */
};

struct grpc_raw_request {
    const char *path;
    struct text message;
    bool no_message; /* only half-close                                              */
    bool gzip;       /* compress the message, if that makes it smaller               */
    const struct grpc_raw_header *headers;
    size_t header_count;
    int64_t deadline_ms; /* from now; 0: GRPC_RAW_PATIENCE_MS */
};

/* So long that only a server that hangs meets it. */
enum { GRPC_RAW_PATIENCE_MS = 30000 };

/* How the call ended. Everything in it lives until grpc_raw_reply_fini. */
struct grpc_raw_reply {
    int code;
    const char *message; /* the status's, percent-decoded */
    bool has_body;
    struct text body; /* the reply message's bytes */
    const struct grpc_raw_header *headers;
    size_t header_count;
    const struct grpc_raw_header *trailers;
    size_t trailer_count;
    int64_t elapsed_ms; /* rounded down */
    struct arena memory;
};

/* Connects with the first call. Owned: grpc_raw_disconnect(). */
struct grpc_raw_channel *grpc_raw_connect(const char *target); /* "127.0.0.1:50051" */

/* In PEM form; data NULL for what is not used. */
struct grpc_raw_tls {
    struct text roots;       /* who may have signed the server's certificate, for "localhost" */
    struct text certificate; /* the client's own */
    struct text key;
};
/* The same over TLS. */
struct grpc_raw_channel *grpc_raw_connect_tls(const char *target, const struct grpc_raw_tls *tls);
/* Every call must have been finished. */
void grpc_raw_disconnect(struct grpc_raw_channel *channel);

/* Starts a call. Everything in the request is copied. Owned: grpc_raw_finish() ends it. */
struct grpc_raw_call *grpc_raw_start(struct grpc_raw_channel *channel,
                                     const struct grpc_raw_request *request);
void grpc_raw_cancel(struct grpc_raw_call *call);
/* Waits for the end of the call and frees it. */
struct grpc_raw_reply grpc_raw_finish(struct grpc_raw_call *call);

/* Start and finish. */
struct grpc_raw_reply grpc_raw_run(struct grpc_raw_channel *channel,
                                   const struct grpc_raw_request *request);

/* ---- Streams ---- */

/* Starts a call with its first message, unless no_message, and leaves it open. Nothing is read from
 * the connection for it until grpc_raw_read asks. Owned: grpc_raw_finish() ends it. */
struct grpc_raw_call *grpc_raw_open(struct grpc_raw_channel *channel,
                                    const struct grpc_raw_request *request);
/* One more message; returns when C-core has taken it. */
void grpc_raw_write(struct grpc_raw_call *call, struct text message);
/* No more messages from us. */
void grpc_raw_half_close(struct grpc_raw_call *call);
/* Waits for the next message; borrowed until the call is finished. False when there is none any
 * more: grpc_raw_finish says why. */
bool grpc_raw_read(struct grpc_raw_call *call, struct text *message);

void grpc_raw_reply_fini(struct grpc_raw_reply *reply);
void grpc_raw_reply_scope_end(struct grpc_raw_reply *reply);

/* The first of that key in the initial or the trailing metadata; data NULL when there is none. */
struct text grpc_raw_header_value(const struct grpc_raw_reply *reply, const char *key);
struct text grpc_raw_trailer(const struct grpc_raw_reply *reply, const char *key);

#endif

/* How the suite speaks to a target: in REST terms, whatever the wire is.
 *
 * A transport sends one request and waits for its answer. Over REST that is what it says; over gRPC
 * the request is turned into its RPC and the reply, or the status with its details, back into the
 * answer that REST would have given. A transport belongs to one thread. */
#ifndef TESTKIT_CONFORMANCE_SUITE_TRANSPORT_H
#define TESTKIT_CONFORMANCE_SUITE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/http/http.h"

/* Everything is borrowed for the call. */
struct transport_request {
    const char *method;
    const char *target; /* path and query, escaped, without the target's URL */
    const struct http_header *headers;
    size_t header_count;
    struct text body;    /* data NULL when there is none */
    int64_t deadline_ns; /* from now */
    bool afterwards;     /* tidies up: goes on although the run is being ended */
};

/* Everything stands in the arena that was given. */
struct transport_answer {
    int status;
    struct http_header *headers;
    size_t header_count;
    struct text body;
    bool cut;              /* the body was longer than what is kept */
    const char *grpc_code; /* "ALREADY_EXISTS"; NULL over REST      */
};

struct transport {
    /* Fails  UNAVAILABLE        no connection could be made
     *        DEADLINE_EXCEEDED  no whole answer came in time
     *        OUTCOME_UNKNOWN    the connection was lost after the request
     *        CANCELLED          the run is being ended
     *        INTERNAL           what came is no answer
     *        NOT_SUPPORTED      there is no such request on this wire: what cannot be said
     *        NO_MEMORY */
    bool (*exchange)(void *ctx, const struct transport_request *request, struct arena *arena,
                     struct transport_answer *answer, struct error *err);
    void *ctx;
};

#endif

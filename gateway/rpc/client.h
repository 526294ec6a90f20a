/* One gRPC call with one request, for `hypeman-gateway call`. Blocks the calling thread. */
#ifndef TESTKIT_GATEWAY_RPC_CLIENT_H
#define TESTKIT_GATEWAY_RPC_CLIENT_H

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/proxy/rpc_status.h"

struct rpc_client_call {
    const char *target;        /* "127.0.0.1:50051" */
    const char *path;          /* "/hypeman.v1.SnapshotService/GetSnapshot" */
    const char *authorization; /* metadata value; NULL = none */
    struct text request;       /* wire bytes */
    int64_t timeout_ms;        /* > 0; INT64_MAX = none */
    size_t max_reply_bytes;    /* of a message */
    /* Called with each reply message, borrowed for the duration. False: the call is cancelled. */
    bool (*reply)(void *context, struct text message);
    void *context;
};

/* Fills *status; details are the raw grpc-status-details-bin, owned: buffer_fini().
 * Fails  INVALID_ARGUMENT  authorization is not legal as metadata
 *        INTERNAL          C-core refuses the call */
MUST_USE bool rpc_client_run(const struct rpc_client_call *call, struct rpc_status *status,
                             struct error *err);

#endif

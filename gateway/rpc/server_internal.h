/* The server as the files of gateway/rpc see it. */
#ifndef TESTKIT_GATEWAY_RPC_SERVER_INTERNAL_H
#define TESTKIT_GATEWAY_RPC_SERVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <grpc/grpc.h>

#include "gateway/rpc/bind.h"
#include "gateway/rpc/call.h"
#include "gateway/rpc/route.h"
#include "gateway/rpc/server.h"

struct rpc_worker {
    struct rpc_server *server;
    grpc_completion_queue *queue;
    pthread_t thread;
    bool is_started;
    size_t missing_requests; /* of those that should wait for calls, for lack of memory */
    struct upstream *upstream;
    struct metrics_worker *metrics;
    struct rpc_edition *edition;        /* of calls that arrive; its thread's                     */
    _Atomic(struct rpc_edition *) next; /* handed over with its reference, by exchange; or NULL */
    struct line_log log;
    int64_t flush_at_ns; /* when the log's lines are written; 0 = there are none */
};

struct rpc_server {
    struct rpc_server_config config; /* as given */
    struct metrics *metrics;
    struct rpc_edition *edition; /* the newest, for who publishes the next */
    atomic_size_t inflight;      /* calls of the API                                          */
    atomic_size_t reflection_streams;
    atomic_size_t calls; /* every struct rpc_call, those that wait for one included   */
    grpc_server *grpc;
    struct bound bound;
    struct rpc_worker workers[RPC_MAX_WORKERS];

    pthread_mutex_t mutex;  /* guards is_down; nothing else is locked here */
    pthread_cond_t changed; /* is_down, the last of the calls or of the streams */
    bool is_down;           /* for C-core: its connections are gone, calls may not be */

    /* Calls whose handler can drain or be expelled. Held while they do: taken before a handler's
     * own lock. */
    pthread_mutex_t streams_mutex;
    struct rpc_call *streams;
    atomic_size_t stream_count;
    bool is_draining;
};

/* The last of server->calls has been freed, or the last of its streams has left. */
void rpc_server_note_end(struct rpc_server *server);

#endif

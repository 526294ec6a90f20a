/* The gRPC side: C-core turned into calls of the proxy.
 *
 * One worker = one completion queue with its thread, plus the upstream it was given, which has a
 * thread of its own. A call stays with the worker that received it; only its reply is started from
 * the upstream's thread (ARCHITECTURE.md, "Threads"). */
#ifndef TESTKIT_GATEWAY_RPC_SERVER_H
#define TESTKIT_GATEWAY_RPC_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/program/line_log.h"
#include "gateway/metrics/metrics.h"
#include "gateway/proxy/call.h"
#include "gateway/rpc/health_service.h"
#include "gateway/rpc/tls.h"
#include "gateway/services/catalog.h"

enum { RPC_MAX_WORKERS = 64, RPC_MAX_REQUEST_BYTES = 4 << 20, RPC_MAX_REPLY_BYTES = 16 << 20 };

struct rpc_server_config {
    const char *address;           /* "127.0.0.1:50051", port 0 = any free one; "unix:PATH" */
    struct tls_identity *tls;      /* borrowed, outlives the server; NULL = plain text      */
    const struct schema *schema;   /* borrowed, outlives the server                         */
    const struct catalog *catalog; /* of the same API; likewise                             */
    struct health_service *health; /* likewise                                              */
    struct proxy_settings proxy;
    struct upstream *const *upstreams; /* one per worker; borrowed, outlive the server */
    size_t worker_count;               /* 1 .. RPC_MAX_WORKERS                          */
    size_t max_inflight; /* calls beyond it are answered RESOURCE_EXHAUSTED at once     */
    size_t gzip_from;    /* replies of at least so many bytes go as gzip to clients that accept it;
                            SIZE_MAX: none */
    enum log_form log_form; /* of the access log */
    int log_fd;             /* borrowed          */
};

struct rpc_server;

/* Binds and starts serving. Owned: rpc_server_free().
 * Fails  INVALID_ARGUMENT, UNAVAILABLE  the address cannot be bound; the message says what to do
 *        NO_MEMORY, INTERNAL */
MUST_USE bool rpc_server_new(const struct rpc_server_config *config, struct rpc_server **out,
                             struct error *err);

/* The port that was bound; 0 for a path. */
int rpc_server_port(const struct rpc_server *server);

/* The counters of its calls; live as long as the server. */
const struct metrics *rpc_server_metrics(const struct rpc_server *server);
/* Lines that the access log had to drop. Any thread. */
uint64_t rpc_server_lost_lines(const struct rpc_server *server);

/* Ends the gateway's own streams, stops accepting, tells clients (GOAWAY), waits for the calls in
 * flight; those that are not done after limit_ms are cancelled. True when none had to be. Call
 * once, before rpc_server_free. */
bool rpc_server_drain(struct rpc_server *server, int64_t limit_ms);

/* Joins the threads. After rpc_server_drain no call is left, so the upstreams may be gone; without
 * it (rpc_server_new failed) they must still run. */
void rpc_server_free(struct rpc_server *server);

#endif

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
#include "gateway/rpc/edition.h"
#include "gateway/rpc/health_service.h"
#include "gateway/rpc/tls.h"

enum { RPC_MAX_WORKERS = 64, RPC_MAX_REQUEST_BYTES = 4 << 20, RPC_MAX_REPLY_BYTES = 16 << 20 };

struct rpc_server_config {
    const char *address;               /* "127.0.0.1:50051", port 0 = any free one; "unix:PATH" */
    struct tls_identity *tls;          /* borrowed, outlives the server; NULL = plain text      */
    struct health_service *health;     /* likewise                                              */
    struct upstream *const *upstreams; /* one per worker; borrowed, outlive the server */
    size_t worker_count;               /* 1 .. RPC_MAX_WORKERS                          */
    int log_fd;                        /* of the access log; borrowed                   */
};

struct rpc_server;

/* Binds and starts serving. Owned: rpc_server_free().
 * edition  of the first calls; the server takes references of its own, here and below
 * Fails  INVALID_ARGUMENT, UNAVAILABLE  the address cannot be bound; the message says what to do
 *        NO_MEMORY, INTERNAL */
MUST_USE bool rpc_server_new(const struct rpc_server_config *config, struct rpc_edition *edition,
                             struct rpc_server **out, struct error *err);

/* The next edition in two steps, so that others may fail between them: makes it fit to be
 * published, which nobody notices. Both from one thread at a time.
 * Fails  NO_MEMORY */
MUST_USE bool rpc_server_prepare(struct rpc_server *server, struct rpc_edition *edition,
                                 struct error *err);
/* Calls that arrive from now on are of this edition, those in flight go on in theirs. Watchers of
 * health hear of services that have come or gone. */
void rpc_server_publish(struct rpc_server *server, struct rpc_edition *edition);

/* The port that was bound; 0 for a path. */
int rpc_server_port(const struct rpc_server *server);

/* The counters of its calls; live as long as the server. */
const struct metrics *rpc_server_metrics(const struct rpc_server *server);
/* Lines that the access log had to drop. Any thread. */
uint64_t rpc_server_lost_lines(const struct rpc_server *server);

/* Ends the gateway's own streams, stops accepting, tells clients (GOAWAY), waits for the calls in
 * flight; of those that are not done after limit_ms the streams are ended UNAVAILABLE, the others
 * cancelled. True when none had to be. Call once, before rpc_server_free. */
bool rpc_server_drain(struct rpc_server *server, int64_t limit_ms);

/* Joins the threads. After rpc_server_drain no call is left, so the upstreams may be gone; without
 * it (rpc_server_new failed) they must still run. */
void rpc_server_free(struct rpc_server *server);

#endif

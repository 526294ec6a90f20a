/* What those who run the gateway see of it: its limits, its admin port, its watchdog, its end. */
#ifndef TESTKIT_GATEWAY_OPERATIONS_H
#define TESTKIT_GATEWAY_OPERATIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/program/options.h"
#include "gateway/admin_pages.h"
#include "gateway/rpc/limits.h"
#include "gateway/rpc/server.h"
#include "gateway/rpc/watchdog.h"

struct operations_settings {
    bool has_admin;
    struct listen_address admin;
    size_t max_inflight;
    size_t max_connections;
    size_t min_connections; /* fewer than this are worth a warning */
    int64_t drain_delay_ns;
    int64_t drain_timeout_ns;
};

/* In the caller's memory, zero at first; stays where it is. */
struct operations {
    struct limits limits; /* in force once operations_fit_limits has returned */
    char admin_url[320];  /* "http://127.0.0.1:9090"; "" = no admin port       */

    struct operations_settings settings;
    struct admin_view view;
    struct admin_server *admin_server;
    struct watchdog *watchdog;
    atomic_bool is_deaf;
};

#define OPERATIONS_OPTIONS                                                                         \
    { "max-inflight", "N", "1000", "calls beyond it are answered RESOURCE_EXHAUSTED" },            \
        { "max-connections", "N", NULL,                                                            \
          "connections beyond it are closed at once; default 10000, or what ulimit -n leaves" },   \
        { "admin", "HOST:PORT", NULL,                                                              \
          "where to serve /metrics, /healthz, /readyz and /channelz/; nowhere without it" },       \
        { "drain-delay", "DURATION", "0s",                                                         \
          "after SIGTERM: how long to serve on, not ready, before connections are closed" },       \
    {                                                                                              \
        "drain-timeout", "DURATION", "10s",                                                        \
            "then: how long calls in flight may take before they are cancelled"                    \
    }

/* Reads these options. Fails INVALID_ARGUMENT. */
MUST_USE bool operations_read(const struct options *o, struct operations_settings *out,
                              struct error *err);

/* Takes the settings; raises the limit of descriptors as far as the system lets us and fits ours
 * into it; says so when they had to be lowered. Fails  RESOURCE_EXHAUSTED  there are too few to
 * serve at all */
MUST_USE bool operations_fit_limits(struct operations *ops,
                                    const struct operations_settings *settings, size_t workers,
                                    struct error *err);

/* Takes what may change while serving: times of the end, and max_inflight as far as the descriptors
 * allow, which is said when it had to be lowered. Returns the max_inflight in force. */
size_t operations_change(struct operations *ops, const struct operations_settings *settings);

/* Starts what looks after the server, which listens there by now.
 * Fails  UNAVAILABLE, INTERNAL, NO_MEMORY */
MUST_USE bool operations_start(struct operations *ops, struct rpc_server *server,
                               const struct listen_address *listen, struct error *err);

/* True when the program ends because nobody can connect any more; it then has been said. */
bool operations_is_deaf(const struct operations *ops);

/* From the signal to the last call: not ready, delay, GOAWAY, wait, cancel. */
void operations_drain(struct operations *ops, struct rpc_server *server);

/* Before rpc_server_free. */
void operations_fini(struct operations *ops);

#endif

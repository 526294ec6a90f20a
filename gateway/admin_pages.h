/* The pages of the admin port: /metrics /healthz /readyz /channelz/ */
#ifndef TESTKIT_GATEWAY_ADMIN_PAGES_H
#define TESTKIT_GATEWAY_ADMIN_PAGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "gateway/admin/admin_server.h"
#include "gateway/rpc/server.h"

/* The context of the pages. */
struct admin_view {
    const struct rpc_server *server; /* borrowed */
    atomic_bool is_draining;
    atomic_size_t max_inflight;
    atomic_size_t reloads;
    atomic_size_t failed_reloads;
    size_t max_connections;
    /* Whether the upstream answers, asked for each /readyz; NULL when nobody looks after it. */
    bool (*is_upstream_ready)(void *context);
    void *upstream_context;
};

extern const struct admin_page admin_pages[];
extern const size_t admin_page_count;

#endif

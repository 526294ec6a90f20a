/* What is served at one time: an API's tables and the settings of its calls.
 *
 * Unchangeable once the server has it, and counted: a call keeps the edition it began with to its
 * end, whatever is published meanwhile. */
#ifndef TESTKIT_GATEWAY_RPC_EDITION_H
#define TESTKIT_GATEWAY_RPC_EDITION_H

#include <stdatomic.h>
#include <stddef.h>

#include "common/program/line_log.h"
#include "gateway/proxy/call.h"
#include "gateway/services/catalog.h"
#include "gateway/transcode/schema.h"

/* The gateway's own (route.c). */
enum { RPC_OWN_METHODS = 5 };

struct rpc_edition {
    const struct schema *schema;
    const struct catalog *catalog; /* of the same API */
    struct proxy_settings proxy;
    size_t max_inflight;    /* calls beyond it are answered RESOURCE_EXHAUSTED at once         */
    size_t gzip_from;       /* replies of at least so many bytes go as gzip to clients that accept
                               it; SIZE_MAX: none */
    enum log_form log_form; /* of the access log */
    /* Frees the edition with all it points to. Comes once, from the thread that needed it last. */
    void (*free)(struct rpc_edition *edition);
    atomic_size_t references; /* 1 for who made it */

    /* The server's: rows of the metrics. */
    size_t *method_rows; /* by schema_method_index */
    size_t own_rows[RPC_OWN_METHODS];
};

/* Any thread. Return or take one reference. */
struct rpc_edition *rpc_edition_retain(struct rpc_edition *edition);
void rpc_edition_release(struct rpc_edition *edition); /* NULL is none */

#endif

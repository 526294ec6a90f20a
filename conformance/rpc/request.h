/* A request in REST terms as the call of an RPC, by the http rules of proto/. */
#ifndef TESTKIT_CONFORMANCE_RPC_REQUEST_H
#define TESTKIT_CONFORMANCE_RPC_REQUEST_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/http/http.h"
#include "conformance/rpc/api.h"
#include "conformance/suite/transport.h"

enum { RPC_METADATA_MAX = 4 };

struct rpc_request {
    const struct rpc_method *method;
    struct buffer wire;                            /* the message. Owned: buffer_fini() */
    struct http_header metadata[RPC_METADATA_MAX]; /* names in lower case; borrowed     */
    size_t metadata_count;
};

/* arena  keeps what is decoded on the way, for as long as out is used
 * Fails  NOT_SUPPORTED  no call says this: "no RPC is GET /x", "Accept: is a header that does not
 *                       go along", "kind: \"x\" is no value"; nothing is owned then
 *        NO_MEMORY, RESOURCE_EXHAUSTED */
MUST_USE bool rpc_request_make(const struct rpc_api *api, const struct transport_request *request,
                               struct arena *arena, struct rpc_request *out, struct error *err);

#endif

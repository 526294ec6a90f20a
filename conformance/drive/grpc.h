/* The gRPC transport: C-core, one channel that is kept open.
 *
 * A request in REST terms is sent as its RPC, once and never again. Plaintext. */
#ifndef TESTKIT_CONFORMANCE_DRIVE_GRPC_H
#define TESTKIT_CONFORMANCE_DRIVE_GRPC_H

#include <stdatomic.h>

#include "common/base/error.h"
#include "conformance/rpc/api.h"
#include "conformance/suite/transport.h"

/* What C-core has to say goes nowhere. Once per process, before there are threads. */
void grpc_setup(void);

/* address  "127.0.0.1:50051"; borrowed
 * api      borrowed
 * ended    borrowed: true ends what is under way, but for what tidies up
 * out      owned: grpc_close(). One thread at a time. Its exchange fails besides with
 *          NOT_SUPPORTED  no call says this (rpc/request.h)
 * Fails    NO_MEMORY */
MUST_USE bool grpc_open(const char *address, const struct rpc_api *api, const atomic_bool *ended,
                        struct transport *out, struct error *err);
/* One that was never opened, all zeros, is fine. */
void grpc_close(struct transport *transport);

#endif

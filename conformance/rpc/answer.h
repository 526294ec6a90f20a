/* How an RPC ended, as the answer that REST would have given. */
#ifndef TESTKIT_CONFORMANCE_RPC_ANSWER_H
#define TESTKIT_CONFORMANCE_RPC_ANSWER_H

#include <jansson.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "conformance/rpc/api.h"
#include "conformance/suite/transport.h"

/* Everything is borrowed. */
struct rpc_outcome {
    int code;            /* gRPC's number                                          */
    struct text message; /* of the status                                          */
    struct text details; /* grpc-status-details-bin; empty for none                */
    const struct text *replies;
    size_t reply_count;
};

/* A reply becomes its JSON, with the status 200, or 204 when it has no fields: which of its success
 * statuses REST gives does not come over gRPC, nor do headers. Replies of a stream become the
 * events that REST sends. A failure becomes {"code", "message"} with the reason and the http_status
 * that its ErrorInfo has; without one, the code's name and the status that goes with it. answer
 * stands in the arena Fails   INTERNAL   what came is not what the .proto says NO_MEMORY */
MUST_USE bool rpc_answer_make(const struct rpc_method *method, const struct rpc_outcome *outcome,
                              struct arena *arena, struct transport_answer *answer,
                              struct error *err);

/* A REST answer's JSON as it looks after a way through the reply's message: what two answers must
 * have in common. NULL is the JSON of an empty body.
 * out    owned: json_decref()
 * Fails  NOT_SUPPORTED  no reply says this; what, and where
 *        INTERNAL, NO_MEMORY */
MUST_USE bool rpc_answer_reduce(const struct rpc_method *method, const json_t *body, json_t **out,
                                struct error *err);

#endif

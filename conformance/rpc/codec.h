/* Messages from JSON to the wire and back, by the tables of api.h.
 *
 * JSON here is Hypeman's: names as in the .proto, numbers for 64 bits, enums by their spelling,
 * durations as Go writes them. */
#ifndef TESTKIT_CONFORMANCE_RPC_CODEC_H
#define TESTKIT_CONFORMANCE_RPC_CODEC_H

#include <jansson.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "conformance/rpc/api.h"

enum rpc_strictness {
    RPC_EXACT, /* a request: what no message can say is refused, as it would go lost */
    RPC_LOSSY, /* an answer: null, zeros, unknown members and spellings are unset   */
};

/* Appends the message that an object stands for. out may have grown when this fails.
 * Fails  NOT_SUPPORTED       no message says this: "compression: level: 1.5 is no int32"
 *        RESOURCE_EXHAUSTED, NO_MEMORY */
MUST_USE bool rpc_encode(const struct rpc_message *message, const json_t *object,
                         enum rpc_strictness strictness, struct buffer *out, struct error *err);
/* The same for the one value of a field, as a whole answer that is that field. */
MUST_USE bool rpc_encode_field(const struct rpc_field *field, const json_t *value,
                               enum rpc_strictness strictness, struct buffer *out,
                               struct error *err);

/* The object that a message stands for. Fields without presence are always there, zero, "", [] or
 * {}, but enums; of others only those that are set.
 * out    owned: json_decref()
 * Fails  INTERNAL   no message of this kind: what is wrong, and where
 *        NO_MEMORY */
MUST_USE bool rpc_decode(const struct rpc_message *message, struct text wire, json_t **out,
                         struct error *err);

#endif

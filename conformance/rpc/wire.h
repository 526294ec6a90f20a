/* Protobuf's wire format, field by field (protobuf.dev/programming-guides/encoding). */
#ifndef TESTKIT_CONFORMANCE_RPC_WIRE_H
#define TESTKIT_CONFORMANCE_RPC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum rpc_wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct rpc_wire_field {
    uint32_t number;
    enum rpc_wire_type type;
    uint64_t value;    /* of a varint or of fixed bits             */
    struct text bytes; /* of WIRE_BYTES, borrowed from the message */
};

/* The next field of what is left, which must not be empty; *left becomes what follows it.
 * Fails  INTERNAL  this is no protobuf */
MUST_USE bool rpc_wire_next(struct text *left, struct rpc_wire_field *out, struct error *err);
/* A number alone, as in packed lists. */
MUST_USE bool rpc_wire_varint(struct text *left, uint64_t *out, struct error *err);

/* Each returns !out->failed. */
bool rpc_wire_put_varint(struct buffer *out, uint64_t value);
bool rpc_wire_put_tag(struct buffer *out, uint32_t number, enum rpc_wire_type type);
bool rpc_wire_put_fixed64(struct buffer *out, uint64_t bits);
/* Puts the length of what was written since `from` before it. */
bool rpc_wire_close(struct buffer *out, size_t from);

#endif

/* Messages between C-core's byte buffers and bytes, compressed on the wire when both sides want.
 *
 * C-core could do it, but inflates a message whole before it looks at the limit (65 KB become
 * 64 MiB), takes a message of a compression it does not know for a plain one, and deflates three
 * times slower than needed. */
#ifndef TESTKIT_GATEWAY_RPC_MESSAGE_H
#define TESTKIT_GATEWAY_RPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <grpc/compression.h>
#include <grpc/grpc.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

/* For the client whose compression is not among them. */
#define MESSAGE_ACCEPTED_HEADER "grpc-accept-encoding"
#define MESSAGE_ACCEPTED        "identity, deflate, gzip"

struct rpc_message {
    struct text bytes; /* borrowed until message_fini */
    grpc_slice whole;
    struct buffer inflated;
};

/* Reads the message that the call has received last.
 * from   borrowed
 * out    owned: message_fini(); nothing to free after a failure
 * Fails  NOT_SUPPORTED       its compression is unknown
 *        INVALID_ARGUMENT    it does not inflate
 *        RESOURCE_EXHAUSTED  to more than max_bytes
 *        NO_MEMORY, INTERNAL */
MUST_USE bool message_read(struct rpc_message *out, grpc_call *call, grpc_byte_buffer *from,
                           size_t max_bytes, struct error *err);
void message_fini(struct rpc_message *message);

/* Whether the client says that it understands gzip. */
bool message_may_be_gzip(grpc_call *call);

/* With the value "gzip", the header of a call some of whose messages may be gzip. C-core makes it
 * grpc-encoding. */
#define MESSAGE_GZIP_HEADER GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY

/* Makes a byte buffer of a message; owned: grpc_byte_buffer_destroy().
 * from_size   it goes as gzip when it has at least so many bytes and gets smaller; SIZE_MAX: never
 * is_gzip     whether it does */
grpc_byte_buffer *message_write(struct text bytes, size_t from_size, bool *is_gzip);

#endif

/* Messages in gRPC's two compressions, by zlib, within bounds. Pure. */
#ifndef TESTKIT_GATEWAY_RPC_GZIP_H
#define TESTKIT_GATEWAY_RPC_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum gzip_format {
    GZIP_GZIP,    /* "gzip": RFC 1952, one member     */
    GZIP_DEFLATE, /* "deflate", which is zlib's: RFC 1950 */
};

/* Inflates one message; of no bytes comes no message, as some clients send it.
 * out    owned: buffer_fini(); as it was after a failure
 * Fails  INVALID_ARGUMENT    not that format, cut short, or more than one message
 *        RESOURCE_EXHAUSTED  it is larger than max_bytes (less than UINT_MAX), which is found out
 *                            before memory is spent on it
 *        NO_MEMORY */
MUST_USE bool gzip_inflate(struct text in, enum gzip_format format, size_t max_bytes,
                           struct buffer *out, struct error *err);

/* Makes a gzip of a message, fast rather than small. False when that saves less than an eighth, or
 * without memory: the message then goes as it is.
 * out  owned: buffer_fini(); as it was after false */
bool gzip_deflate(struct text in, struct buffer *out);

#endif

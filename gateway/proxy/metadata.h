/* Which metadata of a caller goes on to the upstream as headers, and which headers of an answer
 * come back as metadata: what stands in a list of names, and nothing else.
 *
 * A "-bin" key holds bytes in gRPC and their base64 in HTTP. The trace context has rules of its own
 * (trace_context.h). */
#ifndef TESTKIT_GATEWAY_PROXY_METADATA_H
#define TESTKIT_GATEWAY_PROXY_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "gateway/proxy/upstream.h"

enum { METADATA_NAMES_MAX = 16, METADATA_FORWARDED_MAX = 16 };

/* In lower case, as gRPC has its keys. */
struct metadata_names {
    struct text names[METADATA_NAMES_MAX]; /* borrowed */
    size_t count;
};

#define METADATA_FORWARDED_DEFAULT "authorization,x-request-id"
#define METADATA_RETURNED_DEFAULT  "x-request-id,retry-after,location"

/* list      "x-a,x-b": these; "+x-a": these and the default ones; "none". Borrowed.
 * fallback  the default ones, borrowed too
 * Fails  INVALID_ARGUMENT  a name that is none, that is there twice or may not be in a list: of one
 *                          connection (TE, Connection), of gRPC ("grpc-..."), set by the gateway
 *                          (Host, Content-Type). The message names it and says why. */
MUST_USE bool metadata_names_parse(const char *list, const char *fallback,
                                   struct metadata_names *out, struct error *err);

/* The headers made of one caller's metadata. All zero at first. */
struct forwarded_metadata {
    struct http_header headers[METADATA_FORWARDED_MAX]; /* values of text are borrowed */
    size_t count;
    struct arena encoded;
};

/* Takes one entry: drops it when it is not allowed, and every authorization but the first.
 * Fails  INVALID_ARGUMENT  it may go on, but is text with a line break or another byte that is no
 *                          visible ASCII or blank, or one entry too many
 *        NO_MEMORY */
MUST_USE bool metadata_forward(const struct metadata_names *allowed, struct text key,
                               struct text value, struct forwarded_metadata *out,
                               struct error *err);
void forwarded_metadata_fini(struct forwarded_metadata *forwarded);

/* The metadata made of the headers that an exchange kept.
 * max_bytes  ceiling, as HTTP/2 counts: name, value in base64 if it is bytes, 32
 * out        borrowed from the exchange and, for bytes, from memory
 * Returns how many; what exceeds the ceiling, is no text, or no base64 where it should be, is left
 * out. */
size_t metadata_return(const struct upstream_exchange *exchange, size_t max_bytes,
                       struct arena *memory, struct http_header out[static UPSTREAM_KEPT_MAX]);

#endif

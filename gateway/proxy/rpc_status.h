/* How a gRPC call ended: code, message, details.
 *
 * Codes as numbered by gRPC (github.com/grpc/grpc/blob/master/doc/statuscodes.md); gateway/rpc
 * hands them to C-core unchanged. */
#ifndef TESTKIT_GATEWAY_PROXY_RPC_STATUS_H
#define TESTKIT_GATEWAY_PROXY_RPC_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/proxy/upstream.h"
#include "gateway/transcode/schema.h"

enum rpc_code {
    RPC_OK = 0,
    RPC_CANCELLED = 1,
    RPC_UNKNOWN = 2,
    RPC_INVALID_ARGUMENT = 3,
    RPC_DEADLINE_EXCEEDED = 4,
    RPC_NOT_FOUND = 5,
    RPC_ALREADY_EXISTS = 6,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_FAILED_PRECONDITION = 9,
    RPC_ABORTED = 10,
    RPC_OUT_OF_RANGE = 11,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_DATA_LOSS = 15,
    RPC_UNAUTHENTICATED = 16,
    RPC_CODE_COUNT,
};

/* Trailers above 8 KiB turn a client's real error into RESOURCE_EXHAUSTED (gRPC's default metadata
 * limit). So all of them together stay within 6 KiB as they travel: the text percent-encoded, where
 * most characters beyond ASCII take six to nine bytes, the details in base64, each entry with its
 * name and the 32 bytes by which HTTP/2 counts it. */
enum {
    RPC_TRAILERS_MAX = 6144,
    RPC_MESSAGE_MAX = 1024,         /* bytes of the text                             */
    RPC_ENCODED_MESSAGE_MAX = 1536, /* percent-encoded                               */
    RPC_DETAILS_MAX = 2816,         /* serialized google.rpc.Status, 3756 in base64  */
    RPC_RETURNED_MAX = 512,         /* headers of the answer that come back          */
};

struct rpc_status {
    enum rpc_code code;
    char message[RPC_MESSAGE_MAX + 1]; /* UTF-8 */
    struct buffer details; /* serialized google.rpc.Status for grpc-status-details-bin; empty when
                              OK. Owned: buffer_fini() */
};

const char *rpc_code_name(enum rpc_code code); /* "NOT_FOUND" */

/* The canonical table for REST APIs, by google.rpc.Code's comments. 2xx is OK, 3xx UNKNOWN. */
enum rpc_code rpc_code_from_http(int status);
enum rpc_code rpc_code_from_error(enum error_code code);

/* Text from outside on its way into protobuf strings and C-core, NUL-terminated: cut on a
 * character, a NUL inside becomes a blank, and every byte above ASCII '?' where the text is not
 * UTF-8. size  of out, at least 1 */
void rpc_text_copy(char *out, size_t size, struct text t);

/* A failure of the gateway's own: ErrorInfo with reason = the error code's name and domain
 * "hypeman-gateway"; BadRequest naming err->field when there is one. */
void rpc_status_from_error(struct rpc_status *out, const struct error *err);

/* A call beyond the limit of calls in flight, which was not begun: RESOURCE_EXHAUSTED with a
 * RetryInfo of one second. */
void rpc_status_overloaded(struct rpc_status *out, size_t max_inflight);

/* An HTTP answer that is not 2xx. The body's `code` (or HTTP_502 where there is none) becomes
 * ErrorInfo.reason, its `message` the message; domain is the first word of the API's package
 * ("hypeman"); metadata http_status and method. A Retry-After becomes RetryInfo (retry_after.h),
 * the answer's X-Request-Id, or the caller's own, RequestInfo. The method's error rules come before
 * the table. A body that is no JSON still gives a message, as the real server's 400s need
 * (VALID-002).
 */
void rpc_status_from_answer(struct rpc_status *out, const struct method *method,
                            const struct upstream_exchange *exchange);

/* An exchange that brought no complete answer. RequestInfo as above. */
void rpc_status_from_outcome(struct rpc_status *out, const struct method *method,
                             const struct upstream_exchange *exchange);

#endif

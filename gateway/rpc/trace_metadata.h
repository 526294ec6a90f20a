/* The trace context of a call, out of its metadata. */
#ifndef TESTKIT_GATEWAY_RPC_TRACE_METADATA_H
#define TESTKIT_GATEWAY_RPC_TRACE_METADATA_H

#include <grpc/grpc.h>

#include "gateway/proxy/trace_context.h"

/* A traceparent given twice is none; several tracestates are one list. Borrowed from the call and
 * its metadata. */
struct trace_context trace_metadata_read(grpc_call *call, const grpc_metadata_array *metadata);

#endif

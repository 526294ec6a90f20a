/* W3C Trace Context (www.w3.org/TR/trace-context): what a caller says of the trace its call is part
 * of, checked before it goes on to the upstream.
 *
 * The gateway makes no spans, so it is no party of the trace: what is valid passes unchanged, what
 * is not is dropped, and nothing is made up (docs/decisions/0007). */
#ifndef TESTKIT_GATEWAY_PROXY_TRACE_CONTEXT_H
#define TESTKIT_GATEWAY_PROXY_TRACE_CONTEXT_H

#include <stdbool.h>

#include "common/base/text.h"

struct trace_context {
    struct text parent; /* the header traceparent; empty = none */
    struct text state;  /* the header tracestate; likewise      */
};

/* What of the two headers may be passed on: without a valid traceparent nothing, without a valid
 * tracestate only the former. The result borrows from both. */
struct trace_context trace_context_check(struct text traceparent, struct text tracestate);

/* "4bf92f3577b34da6a3ce929d0e0e4736" of a checked context, empty when it has no parent. */
struct text trace_context_id(const struct trace_context *context);

#endif

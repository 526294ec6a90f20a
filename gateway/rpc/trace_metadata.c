#include "gateway/rpc/trace_metadata.h"

#include <string.h>

#include "gateway/rpc/call.h"

/* "a,b" in memory of the call. */
static struct text joined(grpc_call *call, struct text a, struct text b)
{
    char *both = grpc_call_arena_alloc(call, a.len + 1 + b.len);
    memcpy(both, a.data, a.len);
    both[a.len] = ',';
    memcpy(both + a.len + 1, b.data, b.len);
    return (struct text){ both, a.len + 1 + b.len };
}

struct trace_context trace_metadata_read(grpc_call *call, const grpc_metadata_array *metadata)
{
    struct text parent = { NULL, 0 };
    struct text state = { NULL, 0 };
    size_t parents = 0;
    for (size_t i = 0; i < metadata->count; i++) {
        const struct text key = rpc_slice_text(&metadata->metadata[i].key);
        if (text_equal_cstr(key, "traceparent")) {
            parent = rpc_slice_text(&metadata->metadata[i].value);
            parents++;
        } else if (text_equal_cstr(key, "tracestate")) {
            const struct text more = rpc_slice_text(&metadata->metadata[i].value);
            state = state.data == NULL ? more : joined(call, state, more);
        }
    }
    return parents == 1 ? trace_context_check(parent, state)
                        : (struct trace_context){ { NULL, 0 }, { NULL, 0 } };
}

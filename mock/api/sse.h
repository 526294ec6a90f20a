/* Server-sent events as the API sends them: common.md section 11. */
#ifndef TESTKIT_MOCK_API_SSE_H
#define TESTKIT_MOCK_API_SSE_H

#include "common/base/buffer.h"
#include "common/base/text.h"
#include "mock/api/response.h"

/* 200 and the headers of a stream (SSE-001). Without a stream behind it, what is in the body is the
 * whole answer. */
void sse_begin(struct response *res);

/* One event: data: "...", and two line feeds (SSE-002, INST-LOG-003). Check out->failed. */
void sse_append_string(struct buffer *out, struct text value);

#endif

/* GET /instances/{id}/logs: instances.md 12. */
#include "common/json/rfc3339.h"
#include "mock/api/operations.h"
#include "mock/api/sse.h"
#include "mock/domain/instance_log.h"

enum { TIME_BYTES = 40 };

/* "2026-01-01T00:00:00Z [INFO] ..." */
static void append_line(struct buffer *out, struct buffer *room, const struct log_line *line)
{
    struct timestamp at = timestamp_from_ns(line->at_ns);
    at.nanos = 0;
    buffer_clear(room);
    rfc3339_append(room, at);
    buffer_append_byte(room, ' ');
    buffer_append(room, line->text, line->len);
    sse_append_string(out, buffer_text(room));
    out->failed = out->failed || room->failed;
}

static void append_lines(struct buffer *out, struct instance_log *log)
{
    SCOPED(buffer) struct buffer room = buffer_capped(LOG_LINE_BYTES + TIME_BYTES);
    struct log_line line;

    while (instance_log_next(log, &line)) {
        if (!line.hidden)
            append_line(out, &room, &line);
    }
}

/* struct response_stream: the lines are all in the body, which is sent in chunks as they are not
 * its length (INST-LOG-021). */
static bool end_stream(void *ctx, struct buffer *out, bool *done)
{
    (void)ctx;
    (void)out;
    *done = true;
    return true;
}

static void close_stream(void *ctx)
{
    (void)ctx;
}

/* INST-LOG-007 */
static uint64_t magnitude(int64_t n)
{
    return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

bool op_get_instance_logs(struct call *call, struct error *err)
{
    const struct param_rule *rules = call->route->query;
    struct instance_log log;
    enum log_source source = LOG_APP;

    (void)!log_source_parse(call_param(call, "source"), &source);
    if (!instance_log_open(&log, call->instance, source, world_now_ns(call->world), err))
        return false;
    instance_log_tail(&log, magnitude(params_get_integer(rules, &call->query, "tail")));
    sse_begin(call->res);
    append_lines(&call->res->body, &log);
    if (call->res->body.len > 0)
        call->res->stream = (struct response_stream){ .next = end_stream, .close = close_stream };
    return true;
}

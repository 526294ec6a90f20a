/* GET /instances/{id}/logs: instances.md 12. */
#include "common/json/rfc3339.h"
#include "mock/api/operations.h"
#include "mock/api/sse.h"
#include "mock/domain/instance_log.h"
#include "mock/domain/instances.h"

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

/* All there are: a history has an end (HISTORY_MAX). */
static void append_lines(struct buffer *out, struct instance_log *log)
{
    SCOPED(buffer) struct buffer room = buffer_capped(LOG_LINE_BYTES + TIME_BYTES);
    struct log_line line;

    while (instance_log_next(log, &line)) {
        if (!line.hidden)
            append_line(out, &room, &line);
    }
}

struct log_stream {
    struct response *res;
    const struct world *world;
    struct text instance_id;
    enum log_source source;
    bool follow;
    uint64_t position; /* of the last line sent */
};

/* struct response_stream. Whoever follows does so until he leaves: over the end of a boot, the next
 * one, and even the end of the instance, after which nothing comes (INST-LOG-012). */
static bool next_lines(void *ctx, struct buffer *out, bool *done)
{
    struct log_stream *stream = ctx;
    const struct instance *instance = instances_find(stream->world, stream->instance_id);
    struct instance_log log;
    struct error no_log = { 0 };

    *done = !stream->follow; /* the first piece was all (INST-LOG-011) */
    if (!*done && instance != NULL &&
        instance_log_open(&log, instance, stream->source, world_now_ns(stream->world), &no_log)) {
        instance_log_seek(&log, stream->position);
        append_lines(out, &log);
        stream->position = log.position;
        stream->res->wake_at_ns = instance_log_next_ns(&log);
    }
    return !out->failed;
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
    const struct text id = call->instance->config->id;
    struct log_stream *stream = arena_alloc(call->arena, sizeof *stream);
    const char *kept_id = arena_copy(call->arena, id);
    struct instance_log log;

    if (stream == NULL || kept_id == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *stream = (struct log_stream){
        .res = call->res,
        .world = call->world,
        .instance_id = { kept_id, id.len },
        .source = LOG_APP,
        .follow = params_get_bool(rules, &call->query, "follow"),
    };
    (void)!log_source_parse(call_param(call, "source"), &stream->source);
    if (!instance_log_open(&log, call->instance, stream->source, world_now_ns(call->world), err))
        return false;

    instance_log_tail(&log, magnitude(params_get_integer(rules, &call->query, "tail")));
    sse_begin(call->res);
    append_lines(&call->res->body, &log);
    stream->position = log.position;
    /* Without a line and without follow it is complete, and says that its length is 0
     * (INST-LOG-021). With follow not even its head is sent before a line is there
     * (INST-LOG-013). */
    if (call->res->body.len > 0 || stream->follow)
        call->res->stream =
            (struct response_stream){ .next = next_lines, .close = close_stream, .ctx = stream };
    return true;
}

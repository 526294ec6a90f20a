#include "gateway/rpc/access_log.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "common/env/env.h"
#include "common/json/json_writer.h"
#include "common/json/rfc3339.h"

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
enum { LINE_MAX_BYTES = PIPE_BUF, METHOD_SHOWN = 512 };

static void write_time(struct buffer *line)
{
    struct clock clock = clock_system();
    struct timestamp now = timestamp_from_ns(clock.now_ns(clock.ctx));
    now.nanos -= now.nanos % (int32_t)NS_PER_MS;
    rfc3339_append(line, now);
}

static void write_text(struct buffer *line, const struct access_entry *e, struct text method)
{
    write_time(line);
    buffer_append_byte(line, ' ');
    for (size_t i = 0; i < method.len; i++) /* a client chose it: no control characters */
        buffer_append_byte(line, (uint8_t)method.data[i] < 0x20 ? '?' : (uint8_t)method.data[i]);
    buffer_appendf(line, " %s http=%d %.3fms in=%zu out=%zu", rpc_code_name(e->code),
                   e->http_status, (double)e->duration_ns / (double)NS_PER_MS, e->request_bytes,
                   e->reply_bytes);
}

static void write_json(struct buffer *line, const struct access_entry *e, struct text method)
{
    struct json_writer w = json_writer_to(line, JSON_ESCAPE_MINIMAL);
    json_write_object_begin(&w);
    json_write_key(&w, TEXT("time"));
    buffer_append_byte(line, '"');
    write_time(line);
    buffer_append_byte(line, '"');
    w.need_comma = true;
    json_member_string(&w, "rpc", method);
    json_member_string(&w, "grpc_code", text_of(rpc_code_name(e->code)));
    json_member_i64(&w, "http_status", e->http_status);
    json_write_key(&w, TEXT("ms"));
    json_write_double(&w, (double)(e->duration_ns / 1000) / 1000.0);
    json_member_i64(&w, "request_bytes", (int64_t)e->request_bytes);
    json_member_i64(&w, "reply_bytes", (int64_t)e->reply_bytes);
    json_write_object_end(&w);
}

void access_log_write(const struct access_log *log, const struct access_entry *entry)
{
    if (log->form == ACCESS_LOG_OFF)
        return;
    SCOPED(buffer) struct buffer line = buffer_capped(LINE_MAX_BYTES);
    struct text method = { entry->method.data, text_cut_len(entry->method, METHOD_SHOWN) };
    if (log->form == ACCESS_LOG_JSON)
        write_json(&line, entry, method);
    else
        write_text(&line, entry, method);
    buffer_append_byte(&line, '\n');
    struct pollfd ready = { .fd = log->fd, .events = POLLOUT };
    if (!line.failed && poll(&ready, 1, 0) == 1 && write(log->fd, line.data, line.len) < 0)
        return; /* nobody to tell */
}

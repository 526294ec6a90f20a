#include "mock/http/access_log.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/json/json_writer.h"

enum { MAX_PENDING_BYTES = 256 * 1024, MAX_TARGET_BYTES = 1024 };

void access_log_init(struct access_log *log, enum access_log_format format, int fd)
{
    *log = (struct access_log){
        .format = format,
        .fd = fd,
        .lines = buffer_capped(MAX_PENDING_BYTES),
    };
}

void access_log_fini(struct access_log *log)
{
    access_log_flush(log);
    buffer_fini(&log->lines);
}

/* What a client sent must not draw on someone's terminal. */
static void append_printable(struct buffer *out, struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        const char c = t.data[i];
        buffer_append_byte(out, c >= ' ' && c < 0x7f ? (uint8_t)c : '?');
    }
}

static void append_text_line(struct buffer *out, const struct access_entry *entry)
{
    append_printable(out, entry->method);
    buffer_append_byte(out, ' ');
    append_printable(out, entry->target);
    buffer_append_byte(out, ' ');
    buffer_append_i64(out, entry->status);
    buffer_append_byte(out, ' ');
    buffer_append_u64(out, entry->bytes);
    buffer_append_byte(out, ' ');
    buffer_append_i64(out, entry->micros);
    buffer_append_cstr(out, "us");
    if (entry->cause != NULL) {
        buffer_append_cstr(out, " cause: ");
        append_printable(out, text_of(entry->cause));
    }
}

static void append_json_line(struct buffer *out, const struct access_entry *entry)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);

    json_write_object_begin(&w);
    json_member_string(&w, "method", entry->method);
    json_member_string(&w, "path", entry->target);
    json_member_i64(&w, "status", entry->status);
    json_write_key(&w, TEXT("bytes"));
    json_write_u64(&w, entry->bytes);
    json_member_i64(&w, "micros", entry->micros);
    if (entry->cause != NULL)
        json_member_string(&w, "cause", text_of(entry->cause));
    json_write_object_end(&w);
}

static void append_dropped(struct access_log *log)
{
    if (log->dropped == 0)
        return;
    if (log->format == ACCESS_LOG_JSON)
        buffer_appendf(&log->lines, "{\"dropped_lines\":%" PRIu64 "}\n", log->dropped);
    else
        buffer_appendf(&log->lines, "(%" PRIu64 " lines dropped: nobody read them)\n",
                       log->dropped);
    log->dropped = 0;
}

void access_log_add(struct access_log *log, const struct access_entry *entry)
{
    if (log->format == ACCESS_LOG_OFF)
        return;
    if (log->lines.len > MAX_PENDING_BYTES - 8 * MAX_TARGET_BYTES) {
        log->dropped++;
        return;
    }
    struct access_entry cut = *entry;
    if (cut.target.len > MAX_TARGET_BYTES)
        cut.target.len = MAX_TARGET_BYTES;

    append_dropped(log);
    if (log->format == ACCESS_LOG_JSON)
        append_json_line(&log->lines, &cut);
    else
        append_text_line(&log->lines, &cut);
    buffer_append_byte(&log->lines, '\n');
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
static bool write_piece(struct access_log *log, size_t *written)
{
    struct pollfd ready = { .fd = log->fd, .events = POLLOUT };
    const size_t left = log->lines.len - *written;

    if (poll(&ready, 1, 0) != 1)
        return false;
    const ssize_t n = write(log->fd, log->lines.data + *written, left < PIPE_BUF ? left : PIPE_BUF);
    if (n <= 0)
        return false;
    *written += (size_t)n;
    return true;
}

void access_log_flush(struct access_log *log)
{
    size_t written = 0;

    while (written < log->lines.len && write_piece(log, &written))
        ;
    if (written == 0)
        return;
    const size_t left = log->lines.len - written;
    memmove(log->lines.data, log->lines.data + written, left);
    buffer_clear(&log->lines);
    buffer_commit(&log->lines, left);
}

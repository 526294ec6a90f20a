#include "common/program/line_log.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PENDING_BYTES = 256 * 1024 };

const char *const log_form_names[] = {
    [LOG_FORM_OFF] = "off", [LOG_FORM_TEXT] = "text", [LOG_FORM_JSON] = "json", NULL
};

void line_log_init(struct line_log *log, enum log_form form, int fd)
{
    *log = (struct line_log){ .form = form, .fd = fd, .lines = buffer_capped(MAX_PENDING_BYTES) };
}

void line_log_fini(struct line_log *log)
{
    line_log_flush(log);
    buffer_fini(&log->lines);
}

static void drop_line(struct line_log *log)
{
    log->untold++;
    atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
}

static void tell_dropped(struct line_log *log)
{
    if (log->untold == 0)
        return;
    if (log->form == LOG_FORM_JSON)
        buffer_appendf(&log->lines, "{\"dropped_lines\":%" PRIu64 "}\n", log->untold);
    else
        buffer_appendf(&log->lines, "(%" PRIu64 " lines dropped: nobody read them)\n", log->untold);
    log->untold = 0;
}

struct buffer *line_log_begin(struct line_log *log)
{
    if (log->form == LOG_FORM_OFF)
        return NULL;
    if (log->lines.len > MAX_PENDING_BYTES - 2 * LINE_LOG_LINE_MAX) {
        drop_line(log);
        return NULL;
    }
    tell_dropped(log);
    log->begun_at = log->lines.len;
    return &log->lines;
}

void line_log_end(struct line_log *log)
{
    buffer_append_byte(&log->lines, '\n');
    if (!log->lines.failed && log->lines.len - log->begun_at <= LINE_LOG_LINE_MAX)
        return;
    drop_line(log);
    log->lines.len = log->begun_at;
    log->lines.failed = false; /* short of memory now; maybe not at the next line */
}

/* The lines at `from` that one write may hold. */
static size_t piece_len(const struct line_log *log, size_t from)
{
    const size_t left = log->lines.len - from;

    if (left <= LINE_LOG_LINE_MAX)
        return left;
    const char *piece = log->lines.data + from;
    const char *last = memrchr(piece, '\n', LINE_LOG_LINE_MAX);
    return (size_t)(last - piece) + 1;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
static bool write_piece(const struct line_log *log, size_t *written)
{
    struct pollfd ready = { .fd = log->fd, .events = POLLOUT };

    if (poll(&ready, 1, 0) != 1)
        return false;
    const ssize_t n = write(log->fd, log->lines.data + *written, piece_len(log, *written));
    if (n <= 0)
        return false;
    *written += (size_t)n;
    return true;
}

void line_log_flush(struct line_log *log)
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

void line_log_append_printable(struct buffer *line, struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        const char c = t.data[i];
        buffer_append_byte(line, c >= ' ' && c < 0x7f ? (uint8_t)c : '?');
    }
}

#include "gateway/rpc/core_log.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <grpc/support/log.h>

#include "common/base/buffer.h"
#include "common/program/line_log.h"

enum { MESSAGE_SHOWN = 1024 };

/* A pipe that polls as writable takes PIPE_BUF bytes without waiting. */
static void on_message(gpr_log_func_args *said)
{
    SCOPED(buffer) struct buffer line = buffer_capped(PIPE_BUF);
    struct text message = text_of(said->message);
    buffer_append_cstr(&line, "hypeman-gateway: grpc: ");
    message.len = text_cut_len(message, MESSAGE_SHOWN);
    line_log_append_printable(&line, message);
    buffer_append_byte(&line, '\n');
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (!line.failed && poll(&ready, 1, 0) == 1 && write(STDERR_FILENO, line.data, line.len) < 0)
        return; /* nobody to tell */
}

void core_log_install(void)
{
    gpr_set_log_function(on_message);
}

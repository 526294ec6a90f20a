#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "gateway/rpc/access_log.h"

struct pipe_ends {
    int read_fd;
    int write_fd;
};

static struct pipe_ends open_pipe(void)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    return (struct pipe_ends){ fds[0], fds[1] };
}

static void close_pipe(struct pipe_ends ends)
{
    close(ends.read_fd);
    close(ends.write_fd);
}

static const struct access_entry entry = {
    .method = TEXT("/a.B/C\n"),
    .code = RPC_NOT_FOUND,
    .http_status = 404,
    .duration_ns = 1500000,
    .request_bytes = 12,
    .reply_bytes = 34,
};

/* What follows the time of the only line. */
static void expect_line(enum access_log_form form, const char *after_time)
{
    const struct pipe_ends ends = open_pipe();
    const struct access_log log = { form, ends.write_fd };
    char line[512] = "";

    access_log_write(&log, &entry);
    assert_true(read(ends.read_fd, line, sizeof line - 1) > 0);
    const char *found = strstr(line, after_time);
    assert_non_null(found);
    assert_string_equal(found, after_time);
    close_pipe(ends);
}

static void a_call_is_one_line_of_text_without_control_characters(void **state)
{
    (void)state;
    expect_line(ACCESS_LOG_TEXT, "Z /a.B/C? NOT_FOUND http=404 1.500ms in=12 out=34\n");
}

static void a_call_is_one_json_object(void **state)
{
    (void)state;
    expect_line(ACCESS_LOG_JSON,
                "Z\",\"rpc\":\"/a.B/C\\n\",\"grpc_code\":\"NOT_FOUND\",\"http_status\":404,"
                "\"ms\":1.5,\"request_bytes\":12,\"reply_bytes\":34}\n");
}

/* A harness that starts the gateway with its stderr on a pipe and never reads it. The alarm ends
 * this test should it wait. */
static void a_reader_that_does_not_read_never_holds_a_call_back(void **state)
{
    const struct pipe_ends ends = open_pipe();
    const struct access_log log = { ACCESS_LOG_TEXT, ends.write_fd };
    (void)state;

    const int room = fcntl(ends.write_fd, F_GETPIPE_SZ);
    assert_true(room > 0);
    alarm(20);
    for (int written = 0; written <= 2 * room; written += 16) /* no line is shorter */
        access_log_write(&log, &entry);
    alarm(0);
    close_pipe(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_one_line_of_text_without_control_characters),
        cmocka_unit_test(a_call_is_one_json_object),
        cmocka_unit_test(a_reader_that_does_not_read_never_holds_a_call_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

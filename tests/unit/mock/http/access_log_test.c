#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "mock/http/access_log.h"

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
    .method = TEXT("GET"),
    .target = TEXT("/a?b=\x1b[1m"),
    .status = 200,
    .bytes = 12,
    .micros = 34,
};

static void expect_line(enum access_log_format format, const struct access_entry *logged,
                        const char *expected)
{
    const struct pipe_ends ends = open_pipe();
    struct access_log log;
    char line[512] = { 0 };

    access_log_init(&log, format, ends.write_fd);
    access_log_add(&log, logged);
    access_log_fini(&log);
    assert_true(read(ends.read_fd, line, sizeof line - 1) > 0);
    assert_string_equal(line, expected);
    close_pipe(ends);
}

static void a_text_line_draws_nothing_on_a_terminal(void **state)
{
    (void)state;
    expect_line(ACCESS_LOG_TEXT, &entry, "GET /a?b=?[1m 200 12 34us\n");
}

static void a_json_line_is_json(void **state)
{
    (void)state;
    expect_line(ACCESS_LOG_JSON, &entry,
                "{\"method\":\"GET\",\"path\":\"/a?b=\\u001b[1m\",\"status\":200,\"bytes\":12,"
                "\"micros\":34}\n");
}

static void the_cause_of_a_500_stands_at_the_end(void **state)
{
    struct access_entry failed = entry;
    (void)state;

    failed.target = TEXT("/a");
    failed.cause = "no vCPU";
    expect_line(ACCESS_LOG_TEXT, &failed, "GET /a 200 12 34us cause: no vCPU\n");
}

static void a_reader_that_sleeps_costs_lines_and_not_time(void **state)
{
    const struct pipe_ends ends = open_pipe();
    struct access_log log;
    char drained[64 * 1024];
    (void)state;

    access_log_init(&log, ACCESS_LOG_TEXT, ends.write_fd);
    for (int i = 0; i < 50000; i++) {
        access_log_add(&log, &entry);
        access_log_flush(&log);
    }
    assert_true(log.dropped > 0);
    const uint64_t dropped = log.dropped;

    while (log.lines.len > 0) {
        assert_true(read(ends.read_fd, drained, sizeof drained) > 0);
        access_log_flush(&log);
    }
    access_log_add(&log, &entry);
    assert_true(dropped > 0 && log.dropped == 0);
    assert_non_null(memmem(log.lines.data, log.lines.len, "lines dropped", 13));
    while (log.lines.len > 0) {
        access_log_flush(&log);
        assert_true(read(ends.read_fd, drained, sizeof drained) > 0);
    }
    access_log_fini(&log);
    close_pipe(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_line_draws_nothing_on_a_terminal),
        cmocka_unit_test(a_json_line_is_json),
        cmocka_unit_test(the_cause_of_a_500_stands_at_the_end),
        cmocka_unit_test(a_reader_that_sleeps_costs_lines_and_not_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

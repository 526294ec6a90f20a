#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/program/line_log.h"

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

static void add_line(struct line_log *log, size_t len)
{
    struct buffer *line = line_log_begin(log);
    if (line == NULL)
        return;
    for (size_t i = 0; i < len; i++)
        assert_true(buffer_append_byte(line, 'x'));
    line_log_end(log);
}

static void lines_are_written_when_flushed(void **state)
{
    const struct pipe_ends ends = open_pipe();
    struct line_log log;
    char read_back[64] = "";
    (void)state;

    line_log_init(&log, LOG_FORM_TEXT, ends.write_fd);
    add_line(&log, 3);
    add_line(&log, 1);
    line_log_flush(&log);
    assert_int_equal(log.lines.len, 0);
    assert_int_equal(read(ends.read_fd, read_back, sizeof read_back - 1), 6);
    assert_string_equal(read_back, "xxx\nx\n");
    line_log_fini(&log);
    close_pipe(ends);
}

static void a_log_that_is_off_takes_nothing(void **state)
{
    struct line_log log;
    (void)state;

    line_log_init(&log, LOG_FORM_OFF, -1);
    assert_null(line_log_begin(&log));
    assert_int_equal(log.lost, 0);
    line_log_fini(&log);
}

/* So that those of several threads do not mix. */
static void no_write_cuts_a_line(void **state)
{
    enum { LINE = 1000, LINES = 50 };
    const struct pipe_ends ends = open_pipe();
    struct line_log log;
    char page[LINE_LOG_LINE_MAX];
    (void)state;

    /* A packet of a pipe in this mode is what one write wrote. */
    assert_int_equal(fcntl(ends.write_fd, F_SETFL, O_DIRECT), 0);
    line_log_init(&log, LOG_FORM_TEXT, ends.write_fd);
    for (int i = 0; i < LINES; i++)
        add_line(&log, LINE);
    line_log_flush(&log);
    for (size_t left = LINES * (LINE + 1); left > 0;) {
        const ssize_t n = read(ends.read_fd, page, sizeof page);
        assert_true(n > 0 && page[n - 1] == '\n');
        left -= (size_t)n;
        if (left > 0 && log.lines.len > 0)
            line_log_flush(&log);
    }
    line_log_fini(&log);
    close_pipe(ends);
}

static void a_line_too_long_for_one_write_is_dropped_and_counted(void **state)
{
    struct line_log log;
    (void)state;

    line_log_init(&log, LOG_FORM_TEXT, -1);
    add_line(&log, LINE_LOG_LINE_MAX - 1);
    assert_int_equal(log.lines.len, LINE_LOG_LINE_MAX);
    add_line(&log, LINE_LOG_LINE_MAX);
    assert_int_equal(log.lines.len, LINE_LOG_LINE_MAX);
    assert_int_equal(log.lost, 1);
    line_log_fini(&log);
}

static void assert_tells_dropped_lines(enum log_form form, const char *says)
{
    const struct pipe_ends ends = open_pipe();
    struct line_log log;
    char drained[64 * 1024];

    line_log_init(&log, form, ends.write_fd);
    for (int i = 0; i < 50000; i++) {
        add_line(&log, 25);
        line_log_flush(&log);
    }
    assert_true(log.untold > 0);
    assert_int_equal(log.lost, log.untold);

    while (log.lines.len > 0) {
        assert_true(read(ends.read_fd, drained, sizeof drained) > 0);
        line_log_flush(&log);
    }
    add_line(&log, 25);
    assert_int_equal(log.untold, 0);
    assert_non_null(memmem(log.lines.data, log.lines.len, says, strlen(says)));
    while (log.lines.len > 0) {
        line_log_flush(&log);
        assert_true(read(ends.read_fd, drained, sizeof drained) > 0);
    }
    line_log_fini(&log);
    close_pipe(ends);
}

/* A harness that starts a program with its stderr on a pipe and never reads it. */
static void a_reader_that_sleeps_costs_lines_and_not_time(void **state)
{
    (void)state;
    assert_tells_dropped_lines(LOG_FORM_TEXT, " lines dropped: nobody read them)\n");
    assert_tells_dropped_lines(LOG_FORM_JSON, "{\"dropped_lines\":");
}

static void what_is_not_printable_becomes_a_question_mark(void **state)
{
    struct buffer line = buffer_capped(64);
    (void)state;

    line_log_append_printable(&line, TEXT("a\x1b[1m\n\x7f\xc3\xa9~ "));
    assert_true(text_equal(buffer_text(&line), TEXT("a?[1m????~ ")));
    buffer_fini(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_written_when_flushed),
        cmocka_unit_test(a_log_that_is_off_takes_nothing),
        cmocka_unit_test(no_write_cuts_a_line),
        cmocka_unit_test(a_line_too_long_for_one_write_is_dropped_and_counted),
        cmocka_unit_test(a_reader_that_sleeps_costs_lines_and_not_time),
        cmocka_unit_test(what_is_not_printable_becomes_a_question_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include <grpc/support/log.h>

#include "gateway/rpc/core_log.h"

/* Standard error as a pipe, for the time of one test. */
struct captured {
    int before;
    int read_fd;
};

static struct captured capture(void)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct captured c = { fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), fds[0] };
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
    close(fds[1]);
    return c;
}

static void end_capture(struct captured c)
{
    dup2(c.before, STDERR_FILENO);
    close(c.before);
    close(c.read_fd);
}

static void a_message_is_one_line_without_control_characters(void **state)
{
    (void)state;
    char line[256] = "";
    struct captured c = capture();
    core_log_install();
    gpr_log(GPR_ERROR, "a peer said \x1b[2J\n%s", "and more");
    ssize_t len = read(c.read_fd, line, sizeof line - 1);
    end_capture(c);
    assert_true(len > 0);
    assert_string_equal(line, "hypeman-gateway: grpc: a peer said ?[2J?and more\n");
}

static void whoever_does_not_read_holds_nobody_back(void **state)
{
    (void)state;
    struct captured c = capture();
    core_log_install();
    for (int i = 0; i < 10000; i++) /* some pipes hold a megabyte; these lines are five */
        gpr_log(GPR_ERROR, "%500d", i);
    end_capture(c);
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    static char line[8192];
    struct captured c = capture();
    core_log_install();
    gpr_log(GPR_ERROR, "%5000d", 1);
    ssize_t len = read(c.read_fd, line, sizeof line);
    end_capture(c);
    assert_in_range(len, 1000, 1100);
    assert_int_equal(line[len - 1], '\n');
}

int main(void)
{
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_line_without_control_characters),
        cmocka_unit_test(whoever_does_not_read_holds_nobody_back),
        cmocka_unit_test(a_long_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* hypeman-mock as a process: its commands, and whom it outlives. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/scope.h"
#include "tests/support/program.h"

static void an_unknown_command_is_refused_with_the_nearest(void **state)
{
    static const struct {
        const char *word;
        const char *said;
    } rows[] = {
        { "trut", "there is no command \"trut\"; did you mean truth?" },
        { "serve-me", "there is no command \"serve-me\" (see --help)" },
        { "", "there is no command \"\"" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program mock;
        assert_true(program_spawn(&mock, "hypeman-mock", (const char *[]){ rows[i].word, NULL }));
        assert_int_equal(program_wait(&mock), 2);
        assert_non_null(strstr(mock.output, rows[i].said));
        program_free(&mock);
    }
}

/* The corpus of the fuzz target has documents. */
static void diff_says_like_diff_whether_anything_differs(void **state)
{
    static const struct {
        const char *before, *after;
        int status;
        const char *said; /* printed, or complained about */
    } rows[] = {
        { "play1", "play1", 0, "" },
        { "play1", "play2", 1, "~ world.revision: 1 -> 2\n" },
        { "play1", NULL, 2, "needs two files: hypeman-mock diff BEFORE.json AFTER.json" },
        { "play1", "nothing", 2, "nothing: No such file or directory" },
        { "play1", "../../CMakeLists.txt", 2, "CMakeLists.txt: invalid character '#'" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program mock;
        char before[4096], after[4096];
        (void)snprintf(before, sizeof before, "%s/%s", TESTKIT_DOCUMENTS, rows[i].before);
        if (rows[i].after != NULL)
            (void)snprintf(after, sizeof after, "%s/%s", TESTKIT_DOCUMENTS, rows[i].after);
        char printed[1 << 16] = "";
        const int out = memfd_create("out", MFD_CLOEXEC);
        assert_true(program_spawn_to(
            &mock, "hypeman-mock",
            (const char *[]){ "diff", before, rows[i].after == NULL ? NULL : after, NULL }, out));
        assert_int_equal(program_wait(&mock), rows[i].status);
        assert_true(pread(out, printed, sizeof printed - 1, 0) >= 0);
        assert_non_null(strstr(rows[i].status < 2 ? printed : mock.output, rows[i].said));
        assert_true((rows[i].status == 1) == (printed[0] != '\0'));
        program_free(&mock);
        close(out);
    }
}

/* path: filled in; to be unlinked. */
static void given_coverage(char path[static 64], const char *operation)
{
    char document[512];
    (void)snprintf(path, 64, "/tmp/hypeman-mock-test-XXXXXX");
    const int fd = mkstemp(path);
    const int len = snprintf(document, sizeof document,
                             "{\"format\":\"hypeman-mock-coverage/1\",\"operations\":{\"seen\":["
                             "\"%s\"]},\"errors\":{\"seen\":[]},\"edges\":{\"seen\":[]},"
                             "\"queries\":{\"seen\":[]},\"members\":{\"seen\":[]},\"values\":{"
                             "\"seen\":[]}}",
                             operation);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, document, (size_t)len), len);
    close(fd);
}

static void coverage_adds_files_up(void **state)
{
    char known[64], other[64], unknown[64];
    given_coverage(known, "createInstance");
    given_coverage(other, "listInstances");
    given_coverage(unknown, "makeInstance");
    const struct {
        const char *first, *second;
        int status;
        const char *said;
    } rows[] = {
        { known, NULL, 0, "operations    1 of" },
        { known, other, 0, "operations    2 of" },
        { known, known, 0, "operations    1 of" },
        { known, unknown, 2, "operations.seen[0] is not known to this version" },
        { "/nowhere", NULL, 2, "/nowhere: No such file or directory" },
        { NULL, NULL, 2, "needs files: hypeman-mock coverage A.json B.json" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program mock;
        char printed[1 << 16] = "";
        const int out = memfd_create("out", MFD_CLOEXEC);
        assert_true(program_spawn_to(
            &mock, "hypeman-mock",
            (const char *[]){ "coverage", rows[i].first, rows[i].second, NULL }, out));
        assert_int_equal(program_wait(&mock), rows[i].status);
        assert_true(pread(out, printed, sizeof printed - 1, 0) >= 0);
        assert_non_null(strstr(rows[i].status == 0 ? printed : mock.output, rows[i].said));
        program_free(&mock);
        close(out);
    }
    unlink(known);
    unlink(other);
    unlink(unknown);
}

/* The mock's parent: ends once the mock serves, with status 0, having passed the mock's line on. */
static void be_a_parent(int line_fd, int held_fd, bool runs)
{
    char program[4096], number[16], line[512];
    int ready[2];

    (void)snprintf(program, sizeof program, "%s/hypeman-mock", getenv("TESTKIT_BIN"));
    if (pipe(ready) != 0)
        _exit(1);
    (void)snprintf(number, sizeof number, "%d", ready[1]);
    if (fork() == 0) {
        close(ready[0]);
        close(line_fd);
        if (runs)
            (void)execl(program, program, "run", "--exit-with-parent", "--ready-fd", number, "--",
                        "sleep", "1000", (char *)NULL);
        else
            (void)execl(program, program, "--listen", "127.0.0.1:0", "--log", "off",
                        "--exit-with-parent", "--ready-fd", number, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    close(held_fd);
    const ssize_t len = read(ready[0], line, sizeof line);
    _exit(len > 0 && write(line_fd, line, (size_t)len) == len ? 0 : 1);
}

/* Nobody writes to held_fd: it ends when the last process that holds its other side does. */
static bool ends_in_time(int held_fd)
{
    struct pollfd end = { .fd = held_fd };
    return poll(&end, 1, 10000) == 1 && (end.revents & POLLHUP) != 0;
}

static void expect_end_with_parent(bool runs)
{
    int line_pipe[2], held[2], status;
    char line[512] = "";

    assert_int_equal(pipe(line_pipe), 0);
    assert_int_equal(pipe(held), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        close(held[0]);
        be_a_parent(line_pipe[1], held[1], runs);
    }
    close(line_pipe[1]);
    close(held[1]);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(status, 0);
    assert_true(read(line_pipe[0], line, sizeof line - 1) > 0);
    const bool ended = ends_in_time(held[0]);
    const char *pid = strstr(line, "\"pid\":");
    assert_non_null(pid);
    if (!ended)
        (void)kill((pid_t)strtol(pid + sizeof "\"pid\":" - 1, NULL, 10), SIGKILL);
    assert_true(ended);
    close(line_pipe[0]);
    close(held[0]);
}

static void with_exit_with_parent_it_ends_when_its_parent_does(void **state)
{
    (void)state;
    expect_end_with_parent(false);
}

static void with_exit_with_parent_its_command_ends_as_well(void **state)
{
    (void)state;
    expect_end_with_parent(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_command_is_refused_with_the_nearest),
        cmocka_unit_test(diff_says_like_diff_whether_anything_differs),
        cmocka_unit_test(coverage_adds_files_up),
        cmocka_unit_test(with_exit_with_parent_it_ends_when_its_parent_does),
        cmocka_unit_test(with_exit_with_parent_its_command_ends_as_well),
    };
    return cmocka_run_group_tests_name("mock.program", tests, NULL, NULL);
}

/* hypeman-mock run: what its command gets, what becomes of either when the other ends. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/scope.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

enum { PATIENCE_MS = 10000, ARGS_MAX = 16 };

static char folder[] = "/tmp/mock_run_test.XXXXXX";
static char secret_file[64], plain_file[64], script_file[64];

static void write_file(char *path, const char *name, const char *content, mode_t mode)
{
    (void)snprintf(path, sizeof secret_file, "%s/%s", folder, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static int make_files(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    write_file(secret_file, "secret", "correct horse\n", 0600);
    write_file(plain_file, "plain", "no program\n", 0600);
    write_file(script_file, "script", "#!/no/such/interpreter\n", 0700);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    (void)unlink(secret_file);
    (void)unlink(plain_file);
    (void)unlink(script_file);
    return rmdir(folder);
}

/* A mock whose command's standard output can be read. */
struct rig {
    struct program mock;
    int output_fd;
    char output[4096];
    size_t len;
};

/* args  NULL-terminated, what follows "run" */
static void start(struct rig *rig, const char *const *args)
{
    const char *all[ARGS_MAX] = { "run" };
    int output[2];

    for (size_t i = 0; args[i] != NULL && i < ARGS_MAX - 2; i++)
        all[i + 1] = args[i];
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    *rig = (struct rig){ .output_fd = output[0] };
    assert_true(program_spawn_to(&rig->mock, "hypeman-mock", all, output[1]));
    close(output[1]);
}

/* False at the end: nobody is left who could write. */
static bool read_more(struct rig *rig)
{
    struct pollfd news = { .fd = rig->output_fd, .events = POLLIN };

    assert_int_equal(poll(&news, 1, PATIENCE_MS), 1);
    const ssize_t n =
        read(rig->output_fd, rig->output + rig->len, sizeof rig->output - 1 - rig->len);
    assert_true(n >= 0);
    rig->len += (size_t)n;
    rig->output[rig->len] = '\0';
    return n > 0;
}

static void read_line(struct rig *rig)
{
    while (strchr(rig->output, '\n') == NULL)
        assert_true(read_more(rig));
}

static void read_all(struct rig *rig)
{
    while (read_more(rig))
        ;
}

static void end(struct rig *rig)
{
    program_free(&rig->mock);
    close(rig->output_fd);
}

static void the_command_finds_the_mock_in_its_environment_and_gets_its_signals(void **state)
{
    static const char told[] = "echo $HYPEMAN_BASE_URL $TEST_API_BASE_URL $HYPEMAN_API_KEY;"
                               "exec sleep 1000";
    static const struct {
        const char *args[ARGS_MAX];
        int signal;
    } rows[] = {
        { { "--", "sh", "-c", told, NULL }, SIGTERM },
        { { "--auth", "off", "--", "sh", "-c", told, NULL }, SIGINT },
        { { "--auth", "jwt", "--jwt-secret-file", secret_file, "--", "sh", "-c", told, NULL },
          SIGHUP },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        struct http_client client;
        struct http_answer answer;
        char url[128] = "", same[128] = "", key[1024] = "", head[2048];
        start(&rig, rows[i].args);
        read_line(&rig);
        assert_int_equal(sscanf(rig.output, "%127s %127s %1023s", url, same, key), 3);
        assert_string_equal(url, same);
        assert_true(http_client_open(&client, url));
        (void)snprintf(head, sizeof head,
                       "GET /instances HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                       key);
        assert_true(http_client_send_text(&client, head));
        assert_true(http_client_read(&client, &answer));
        assert_int_equal(answer.status, 200);
        http_answer_free(&answer);
        http_client_close(&client);
        assert_int_equal(program_stop(&rig.mock, rows[i].signal), 128 + rows[i].signal);
        assert_string_equal(rig.mock.output, "");
        end(&rig);
    }
}

static void the_status_is_the_commands(void **state)
{
    static const struct {
        const char *script;
        int status;
    } rows[] = {
        { "exit 0", 0 },         { "exit 1", 1 },          { "exit 77", 77 },
        { "kill -9 $$", 137 },   { "kill -TERM $$", 143 }, { "exit 255", 255 },
        { "kill -HUP $$", 129 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        start(&rig, (const char *[]){ "--", "sh", "-c", rows[i].script, NULL });
        assert_int_equal(program_wait(&rig.mock), rows[i].status);
        end(&rig);
    }
}

static void what_cannot_be_run_is_told_as_a_shell_does_and_with_what_to_do(void **state)
{
    static const struct {
        const char *args[ARGS_MAX];
        int status;
        const char *said;
    } rows[] = {
        { { "--", "no-such-program-here", NULL },
          127,
          "run: there is no program \"no-such-program-here\" in PATH; install it, or give its "
          "path" },
        { { "--", "npm test --silly", NULL }, 127, "as separate words, or: sh -c '...'" },
        { { "--", "/no/such/file", NULL }, 127, "there is no file /no/such/file; give a path" },
        { { "--", script_file, NULL }, 127, " names an interpreter that does not exist; see its" },
        { { "--", plain_file, NULL }, 126, "marked as one (chmod +x)?" },
        { { "--", folder, NULL }, 126, " may not be executed; is it a program" },
        { { "--", NULL }, 2, "say what to run: -- COMMAND [ARGS] (see --help)" },
        { { NULL }, 2, "say what to run: -- COMMAND [ARGS] (see --help)" },
        { { "true", NULL }, 2, "unexpected argument \"true\"; write -- in front of COMMAND" },
        { { "--boot-delay", "x", "--", "true", NULL }, 2, "--boot-delay must be a duration" },
        { { "--auth", "jwt", "--", "true", NULL }, 2, "--jwt-secret-file is required" },
        { { "--listen", "192.0.2.1:1", "--", "true", NULL }, 1, "cannot listen on 192.0.2.1:1" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        start(&rig, rows[i].args);
        assert_int_equal(program_wait(&rig.mock), rows[i].status);
        if (strstr(rig.mock.output, rows[i].said) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", rows[i].said, rig.mock.output);
        end(&rig);
    }
}

/* What a shell says to the script without a mock in between. */
static void run_plainly(struct rig *rig, const char *script)
{
    int output[2], status;

    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    *rig = (struct rig){ .output_fd = output[0], .mock.pid = fork() };
    if (rig->mock.pid == 0) {
        dup2(output[1], STDOUT_FILENO);
        (void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(output[1]);
    read_all(rig);
    close(rig->output_fd);
    assert_int_equal(waitpid(rig->mock.pid, &status, 0), rig->mock.pid);
    assert_int_equal(status, 0);
}

static void the_command_has_nothing_of_what_the_mock_changed_for_itself(void **state)
{
    static const char script[] =
        "ls /proc/self/fd; ulimit -Sn; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; umask; pwd";
    static struct rig plain, rig;
    (void)state;

    run_plainly(&plain, script);
    start(&rig, (const char *[]){ "--", "sh", "-c", script, NULL });
    read_all(&rig);
    assert_int_equal(program_wait(&rig.mock), 0);
    assert_string_equal(rig.output, plain.output);
    end(&rig);
}

static void the_command_does_not_outlive_a_mock_that_is_killed(void **state)
{
    struct rig rig;
    (void)state;

    start(&rig,
          (const char *[]){ "--", "sh", "-c", "trap '' TERM; echo here; exec sleep 1000", NULL });
    read_line(&rig);
    assert_int_equal(program_stop(&rig.mock, SIGKILL), 128 + SIGKILL);
    read_all(&rig);
    end(&rig);
}

static void a_command_decides_what_a_signal_means(void **state)
{
    static const char script[] = "trap 'exit 9' TERM; echo here; while :; do :; done";
    struct rig rig;
    (void)state;

    start(&rig, (const char *[]){ "--", "sh", "-c", script, NULL });
    read_line(&rig);
    assert_int_equal(program_stop(&rig.mock, SIGTERM), 9);
    end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_finds_the_mock_in_its_environment_and_gets_its_signals),
        cmocka_unit_test(the_status_is_the_commands),
        cmocka_unit_test(what_cannot_be_run_is_told_as_a_shell_does_and_with_what_to_do),
        cmocka_unit_test(the_command_has_nothing_of_what_the_mock_changed_for_itself),
        cmocka_unit_test(the_command_does_not_outlive_a_mock_that_is_killed),
        cmocka_unit_test(a_command_decides_what_a_signal_means),
    };
    return cmocka_run_group_tests_name("mock.run", tests, make_files, remove_files);
}

/* Both truths over a socket, and `hypeman-mock truth` as a person at a shell meets it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/scope.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

#define NOSNIFF                "X-Content-Type-Options: nosniff"
#define TEXT_UTF8              "Content-Type: text/plain; charset=utf-8"
#define JSON                   "Content-Type: application/json"
#define REFUSAL(code, message) "{\"code\":\"" code "\",\"message\":\"" message "\"}"
#define BINDING                                                                                    \
    "Invalid format for parameter kind: multiple values for single value parameter 'kind'"

struct told {
    int status;
    const char *line; /* of the head; NULL: there is none of that type */
    const char *body;
};

static const struct {
    const char *request;
    struct told spec;
    struct told server;
} plays[] = {
    { "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n",
      { 404, JSON, REFUSAL("not_found", "404 page not found") },
      { 404, NOSNIFF, "404 page not found\n" } }, /* HTTP-020 */
    { "PUT /health HTTP/1.1\r\nHost: x\r\n\r\n",
      { 405, "Allow: GET", REFUSAL("method_not_allowed", "method not allowed") },
      { 405, "Content-Length: 0", "" } }, /* HTTP-022 */
    { "GET /snapshots?kind=%25d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n",
      { 400, JSON,
        REFUSAL("Bad Request", "parameter \\\"kind\\\" in query has an error: value is not one of "
                               "the allowed values [\\\"Standby\\\",\\\"Stopped\\\"]") },
      { 400, JSON,
        REFUSAL("Bad Request", "parameter \"kind\" in query has an error: value is not one of the "
                               "allowed values [\"Standby\",\"Stopped\"]") } }, /* VALID-002 */
    { "DELETE /instances/a?graceful_shutdown=100%25 HTTP/1.1\r\nHost: x\r\n"
      "Authorization: Bearer x\r\n\r\n",
      { 400, JSON,
        REFUSAL("Bad Request", "parameter \\\"graceful_shutdown\\\" in query has an error: value "
                               "100%: an invalid boolean: invalid syntax") },
      { 400, JSON,
        REFUSAL("Bad Request", "parameter \"graceful_shutdown\" in query has an error: value "
                               "100%!:(MISSING) an invalid boolean: invalid syntax") } },
    { "GET /snapshots?kind=Standby&kind=Stopped HTTP/1.1\r\nHost: x\r\n"
      "Authorization: Bearer x\r\n\r\n",
      { 400, JSON, REFUSAL("Bad Request", BINDING) },
      { 400, TEXT_UTF8, BINDING "\n" } }, /* BIND-002 */
    { "GET /health HTTP/1.1\r\n\r\n",
      { 400, JSON, REFUSAL("Bad Request", "missing required Host header") },
      { 400, TEXT_UTF8, "400 Bad Request: missing required Host header" } }, /* HTTP-003 */
};

static void play(const char *url, const char *request, const struct told *told)
{
    struct http_client client;
    struct http_answer answer;

    assert_true(http_client_open(&client, url));
    assert_true(http_client_send_text(&client, request));
    assert_true(http_client_read(&client, &answer));
    assert_int_equal(answer.status, told->status);
    assert_string_equal(answer.body, told->body);
    if (!http_answer_has_line(&answer, told->line))
        fail_msg("no %s in %s", told->line, answer.head);
    http_answer_free(&answer);
    http_client_close(&client);
}

static void play_all(const char *truth)
{
    const char *const given[] = {
        "--listen", "127.0.0.1:0", "--log", "off", "--truth", truth, NULL
    };
    const char *const not_given[] = { "--listen", "127.0.0.1:0", "--log", "off", NULL };
    const bool is_server = truth != NULL && strcmp(truth, "server") == 0;
    struct program mock;

    assert_true(program_start(&mock, "hypeman-mock", truth == NULL ? not_given : given));
    for (size_t i = 0; i < ARRAY_LEN(plays); i++)
        play(mock.urls[0], plays[i].request, is_server ? &plays[i].server : &plays[i].spec);
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    program_free(&mock);
}

static void each_truth_has_its_own_shape_of_errors(void **state)
{
    (void)state;
    play_all("spec");
    play_all("server");
    play_all(NULL); /* spec is the default */
}

/* One quirk of the world behind them (COMP-012). */
static void the_truth_reaches_the_world(void **state)
{
    static const char body[] =
        "{\"name\":\"a\",\"image\":\"alpine\",\"snapshot_policy\":{\"compression\":"
        "{\"enabled\":false,\"level\":0}}}";
    static const struct {
        const char *truth;
        int status;
    } truths[] = { { "spec", 201 }, { "server", 400 } };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
        struct program mock;
        struct http_client client;
        struct http_answer answer;
        assert_true(program_start(&mock, "hypeman-mock",
                                  (const char *[]){ "--listen", "127.0.0.1:0", "--log", "off",
                                                    "--truth", truths[i].truth, NULL }));
        assert_true(http_client_open(&client, mock.urls[0]));
        assert_true(http_client_request(&client, "POST", "/instances", body));
        assert_true(http_client_read(&client, &answer));
        assert_int_equal(answer.status, truths[i].status);
        http_answer_free(&answer);
        http_client_close(&client);
        assert_int_equal(program_stop(&mock, SIGTERM), 0);
        program_free(&mock);
    }
}

static void a_third_truth_is_refused(void **state)
{
    struct program mock;
    (void)state;

    assert_true(program_spawn(&mock, "hypeman-mock", (const char *[]){ "--truth", "both", NULL }));
    assert_int_equal(program_wait(&mock), 2);
    assert_non_null(strstr(mock.output, "--truth must be spec or server, not \"both\""));
    program_free(&mock);
}

/* --- the subcommand ----------------------------------------------------------------------- */

struct run {
    int status;
    char output[65536];
    char errors[1024];
};

static void run_truth(struct run *run, const char *argument)
{
    struct program program;
    const int memory = memfd_create("output", MFD_CLOEXEC);

    *run = (struct run){ 0 };
    assert_true(memory >= 0);
    assert_true(program_spawn_to(&program, "hypeman-mock",
                                 (const char *[]){ "truth", argument, NULL }, memory));
    run->status = program_wait(&program);
    snprintf(run->errors, sizeof run->errors, "%s", program.output);
    program_free(&program);
    assert_true(pread(memory, run->output, sizeof run->output - 1, 0) >= 0);
    close(memory);
}

static void truth_prints_both_tables(void **state)
{
    struct run run;
    (void)state;

    run_truth(&run, NULL);
    assert_int_equal(run.status, 0);
    assert_string_equal(run.errors, "");
    assert_non_null(strstr(run.output, "\nRULES         ASKED  "));
    assert_non_null(strstr(run.output, "\nINST-N-002    createInstance with network "));
    assert_non_null(strstr(run.output, "\nLimits of this mock, in both truths.\n"));
}

static void truth_json_is_one_array(void **state)
{
    struct run run;
    (void)state;

    run_truth(&run, "--json");
    assert_int_equal(run.status, 0);
    json_auto_t *array = json_loads(run.output, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_array_size(array) > 20);
}

static void a_mistake_on_its_command_line_ends_with_2(void **state)
{
    struct run run;
    (void)state;

    run_truth(&run, "--jason");
    assert_int_equal(run.status, 2);
    assert_string_equal(run.output, "");
    assert_non_null(strstr(run.errors, "hypeman-mock truth"));
    assert_non_null(strstr(run.errors, "--json"));
}

static void an_output_that_takes_nothing_ends_with_1(void **state)
{
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct program program;
    (void)state;

    assert_true(full >= 0);
    assert_true(
        program_spawn_to(&program, "hypeman-mock", (const char *[]){ "truth", NULL }, full));
    assert_int_equal(program_wait(&program), 1);
    assert_string_equal(program.output, "hypeman-mock truth: cannot write the tables\n");
    program_free(&program);
    close(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_truth_has_its_own_shape_of_errors),
        cmocka_unit_test(the_truth_reaches_the_world),
        cmocka_unit_test(a_third_truth_is_refused),
        cmocka_unit_test(truth_prints_both_tables),
        cmocka_unit_test(truth_json_is_one_array),
        cmocka_unit_test(a_mistake_on_its_command_line_ends_with_2),
        cmocka_unit_test(an_output_that_takes_nothing_ends_with_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

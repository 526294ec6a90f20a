/* hypeman-conformance as a person meets it: its exit statuses, what it says of planted failures,
 * and what it leaves behind. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/fd.h"
#include "common/env/env.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/program.h"

#define PROGRAM "hypeman-conformance"
#define REFUSAL "{\"code\":\"x\",\"message\":\"y\"}"
#define INSTANCE                                                                                   \
    "{\"created_at\":\"2026-01-01T00:00:00Z\",\"exit_code\":null,\"has_snapshot\":false,"          \
    "\"health_status\":{\"consecutive_failures\":0,\"consecutive_successes\":0,"                   \
    "\"last_checked_at\":null,\"last_error\":null,\"last_failure_at\":null,"                       \
    "\"last_success_at\":null,\"status\":\"disabled\"},\"hotplug_size\":\"0 B\","                  \
    "\"hypervisor\":\"qemu\",\"id\":\"abcdefghijklmnopqrstuvwx\",\"image\":\"i\",\"name\":\"n\","  \
    "\"network\":{},\"overlay_size\":\"10.0 GB\",\"size\":\"1024.0 MB\",\"started_at\":null,"      \
    "\"state\":\"Initializing\",\"state_error\":null,\"stopped_at\":null,\"vcpus\":2}"

/* What a target is asked before anything is played: health, token, no token, capabilities, worlds.
 */
static void answer_probes(struct fake_upstream *server)
{
    static const int statuses[] = { 200, 200, 401, 404, 404 };

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        fake_upstream_answer(server, statuses[i], statuses[i] == 200 ? "[]" : REFUSAL);
}

struct outcome {
    int status;
    struct buffer out; /* standard output; NUL-terminated */
};

static void outcome_scope_end(struct outcome *o)
{
    buffer_fini(&o->out);
}

static void read_all(int fd, struct buffer *out)
{
    *out = buffer_capped(16 << 20);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    for (;;) {
        char *room = buffer_reserve(out, 4096);
        assert_non_null(room);
        ssize_t n = read(fd, room, 4096);
        if (n <= 0)
            break;
        buffer_commit(out, (size_t)n);
    }
    assert_true(buffer_append_byte(out, '\0'));
}

/* Runs it to its end with the test's own cases. */
static struct outcome run(const char *const *args)
{
    SCOPED(fd) int out = memfd_create("stdout", 0);
    struct program p;
    struct outcome o;

    assert_true(program_spawn_to(&p, PROGRAM, args, out));
    o.status = program_wait(&p);
    read_all(out, &o.out);
    program_free(&p);
    return o;
}

static void assert_says(const struct outcome *o, const char *words)
{
    if (strstr(o->out.data, words) == NULL)
        fail_msg("\"%s\" is not in:\n%s", words, o->out.data);
}

static void a_target_that_is_as_it_should_be_conforms(void **state)
{
    (void)state;
    struct fake_upstream *server = fake_upstream_new();

    answer_probes(server);
    fake_upstream_answer(server, 200, "[]");
    SCOPED(outcome)
    struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), "--cases", CASES,
                                             "--select", "lists", NULL });
    assert_int_equal(o.status, 0);
    assert_says(&o, "conforming: 1 pass");
    fake_upstream_free(server);
}

/* Each breaks one thing, and is told with its rule, its sentence, both values and how to see it
 * again. */
static void a_planted_failure_is_explained(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        const char *words[6];
    } rows[] = {
        { 200,
          "[1]",
          { "SNAP-L-001: no snapshots: 200 `[]` (docs/contract/snapshots.md)", "- []\n", "+ [1]\n",
            "again:  curl -i -X GET 'http://127.0.0.1:", "--replay 'lists/via:rest'", NULL } },
        { 500,
          REFUSAL,
          { "status\n", "- 200\n", "+ 500\n", "last:   GET /snapshots -> 500", NULL } },
        { 200, "null", { "JSON-003: ", "- an array\n", "+ null\n", NULL } },
        { 418, REFUSAL, { "ERR-007: ", "- one that the operation documents\n", "+ 418\n", NULL } },
        { 200, "[{\"id\":\"a\"}]", { "SNAP-I-001: ", "/0/id\n", "/0/kind\n", NULL } },
        { 500, "oops", { "ERR-001: ", "- JSON\n", "+ \"oops\"\n", NULL } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_upstream *server = fake_upstream_new();
        answer_probes(server);
        fake_upstream_answer(server, rows[i].status, rows[i].body);
        SCOPED(outcome)
        struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), "--cases",
                                                 CASES, "--select", "lists", NULL });
        assert_int_equal(o.status, 1);
        for (size_t w = 0; rows[i].words[w] != NULL; w++)
            assert_says(&o, rows[i].words[w]);
        fake_upstream_free(server);
    }
}

static void a_dead_port_is_unreachable_within_five_seconds_and_is_reported(void **state)
{
    (void)state;
    struct fake_upstream *server = fake_upstream_new();
    int64_t from = monotonic_now_ns();

    fake_upstream_stop_listening(server);
    SCOPED(outcome)
    struct outcome o =
        run((const char *[]){ "--rest", fake_upstream_url(server), "--report", "json=-", NULL });
    assert_int_equal(o.status, 3);
    assert_true(monotonic_now_ns() - from < 5 * NS_PER_SEC);
    assert_says(&o, "\"outcome\":\"not-run\"");
    assert_says(&o, "\"end\":\"unreachable\",\"exit_status\":3");
    fake_upstream_free(server);
}

/* Nobody there, and somebody who does not speak HTTP/2. */
static void a_grpc_port_without_grpc_is_unreachable_within_five_seconds(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fake_upstream *server = fake_upstream_new(), *other = fake_upstream_new();
        int64_t from = monotonic_now_ns();
        answer_probes(server);
        if (i == 0)
            fake_upstream_stop_listening(other);
        else
            fake_upstream_otherwise(other, (struct fake_reply){ .bytes = "nonsense\r\n\r\n" });
        SCOPED(outcome)
        struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), "--grpc",
                                                 fake_upstream_url(other) + strlen("http://"),
                                                 "--cases", CASES, NULL });
        assert_int_equal(o.status, 3);
        assert_true(monotonic_now_ns() - from < 5 * NS_PER_SEC);
        assert_says(&o, "the target cannot be reached");
        assert_int_equal(fake_upstream_request_count(server), 5); /* the probes */
        fake_upstream_free(other);
        fake_upstream_free(server);
    }
}

static void a_rest_server_is_played_by_grpc_through_a_gateway_of_our_own(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        int exit_status;
        const char *words[4];
    } rows[] = {
        { 200, "[]", 0, { "conforming: 1 pass", NULL } },
        { 200, "[1]", 1, { "lists/via:grpc", "- 200\n", "+ 500\n", NULL } },
        { 404, REFUSAL, 1, { "- 200\n", "+ 404\n", NULL } },
        { 418, REFUSAL, 1, { "+ 418\n", NULL } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_upstream *server = fake_upstream_new();
        answer_probes(server);
        fake_upstream_answer(server, 404, REFUSAL); /* whether gRPC is there */
        fake_upstream_answer(server, rows[i].status, rows[i].body);
        SCOPED(outcome)
        struct outcome o =
            run((const char *[]){ "--rest", fake_upstream_url(server), "--via", "grpc", "--cases",
                                  CASES, "--select", "lists", NULL });
        for (size_t w = 0; w < ARRAY_LEN(rows[i].words) && rows[i].words[w] != NULL; w++)
            assert_says(&o, rows[i].words[w]);
        assert_int_equal(o.status, rows[i].exit_status);
        fake_upstream_free(server);
    }
}

static void our_own_mock_and_gateway_conform_by_both_ways(void **state)
{
    (void)state;
    SCOPED(outcome) struct outcome o = run((const char *[]){ "--all", NULL });

    assert_int_equal(o.status, 0);
    assert_says(&o, "pass         snapshots/create/empty-name/via:rest");
    assert_says(&o, "pass         snapshots/create/empty-name/via:grpc");
    assert_says(&o, "pass         snapshots/create/empty-name/via:both");
}

static void a_target_that_falls_silent_ends_the_run(void **state)
{
    (void)state;
    struct fake_upstream *server = fake_upstream_new();

    answer_probes(server);
    fake_upstream_otherwise(server, (struct fake_reply){ 0 });
    SCOPED(outcome)
    struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), "--cases", CASES,
                                             "--deadline", "200ms", "--jobs", "1", NULL });
    assert_int_equal(o.status, 3);
    assert_says(&o, "1 not-run, 1 fail");
    assert_says(&o, "no whole answer came in time");
    fake_upstream_free(server);
}

static void one_lost_answer_is_a_failure_and_the_run_goes_on(void **state)
{
    (void)state;
    struct fake_upstream *server = fake_upstream_new();

    answer_probes(server);
    fake_upstream_reply(server, (struct fake_reply){ .end = FAKE_RESET }); /* GET /snapshots */
    fake_upstream_answer(server, 200, "{}");                               /* is anyone there? */
    fake_upstream_answer(server, 201, INSTANCE);
    fake_upstream_answer(server, 200,
                         "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":false}");
    fake_upstream_answer(server, 204, "");
    SCOPED(outcome)
    struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), "--cases", CASES,
                                             "--jobs", "1", NULL });
    assert_int_equal(o.status, 1);
    assert_says(&o, "1 pass, 1 fail");
    assert_says(&o, "the connection was lost");
    fake_upstream_free(server);
}

/* Each is the answer to everything, whatever is asked. */
static void a_server_of_another_kind_is_told_from_one_that_is_not_there(void **state)
{
    (void)state;
    char deep[4096], headers[8192] = "HTTP/1.1 200 OK\r\n";
    memset(deep, '[', sizeof deep);
    size_t head =
        (size_t)snprintf(deep, sizeof deep, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 2000);
    deep[head] = '[';
    for (size_t i = 0, len; i < 300; i++) {
        len = strlen(headers);
        (void)snprintf(headers + len, sizeof headers - len, "X-%zu: %zu\r\n", i, i);
    }
    strncat(headers, "Content-Length: 2\r\n\r\n[]", sizeof headers - strlen(headers) - 1);
    const struct {
        const char *bytes;
        size_t len;
        int status;
    } rows[] = {
        { "\x01\x02 garbage\n\n", 0, 3 },
        { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", 0, 3 },
        { deep, head + 2000, 1 },
        { headers, 0, 1 },
        { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\x1b\x7f]", 0, 1 },
        { "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 0, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_upstream *server = fake_upstream_new();
        fake_upstream_otherwise(
            server,
            (struct fake_reply){ .bytes = rows[i].bytes, .len = rows[i].len, .end = FAKE_CLOSE });
        SCOPED(outcome)
        struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), NULL });
        if (o.status != rows[i].status)
            fail_msg("row %zu: %d\n%s", i, o.status, o.out.data);
        assert_null(strchr(o.out.data, '\x1b')); /* nothing of it draws on a terminal */
        fake_upstream_free(server);
    }
}

static void a_signal_ends_the_run_and_what_was_made_is_deleted(void **state)
{
    (void)state;
    static const int signals[] = { SIGINT, SIGTERM };
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct fake_upstream *server = fake_upstream_new();
        struct program p;
        answer_probes(server);
        fake_upstream_answer(server, 201, INSTANCE);
        fake_upstream_reply(server, (struct fake_reply){ .hold = true });
        fake_upstream_otherwise(server,
                                (struct fake_reply){ .bytes = "HTTP/1.1 204 No Content\r\n\r\n" });
        assert_true(program_spawn(&p, PROGRAM,
                                  (const char *[]){ "--rest", fake_upstream_url(server), "--cases",
                                                    CASES, "--select", "makes", NULL }));
        assert_true(fake_upstream_wait_requests(server, 7));
        assert_int_equal(program_stop(&p, signals[i]), 4);
        assert_true(fake_upstream_wait_requests(server, 8));
        struct fake_request last = fake_upstream_request(server, 7);
        assert_true(text_starts_with(
            last.bytes, TEXT("DELETE /instances/abcdefghijklmnopqrstuvwx HTTP/1.1\r\n")));
        program_free(&p);
        fake_upstream_free(server);
    }
}

static void a_command_line_that_is_wrong_exits_2_and_says_what_is_meant(void **state)
{
    (void)state;
    static const struct {
        const char *args[5];
        const char *words;
    } rows[] = {
        { { "--tuth", "spec", NULL }, "unknown option --tuth; did you mean --truth?" },
        { { "--rest", "localhost:1", NULL }, "--rest must be a URL without a slash at its end" },
        { { "--report", "junt=x", NULL }, "did you mean junit?" },
        { { "--report", "junit=/nowhere/at/all", NULL }, "/nowhere/at/all cannot be written" },
        { { "--select", "no/such", NULL }, "--select: fits no scenario" },
        { { "--select", "a", "--replay", "b", NULL }, "--replay is one scenario" },
        { { "--known-failing", "/nowhere", NULL }, "--known-failing: " },
        { { "--cases", "/nowhere", NULL }, "--cases: /nowhere" },
        { { "--jobs", "0", NULL }, "--jobs" },
        { { "--via", "soap", NULL }, "--via must be of rest, grpc and both" },
        { { "--grpc", "127.0.0.1:1", NULL }, "--grpc needs --rest" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program p;
        assert_true(program_spawn(&p, PROGRAM, rows[i].args));
        assert_int_equal(program_wait(&p), 2);
        if (strstr(p.output, rows[i].words) == NULL)
            fail_msg("\"%s\" is not in: %s", rows[i].words, p.output);
        program_free(&p);
    }
}

static void a_token_that_is_refused_exits_2(void **state)
{
    (void)state;
    struct fake_upstream *server = fake_upstream_new();
    struct program p;

    fake_upstream_answer(server, 200, "{}");
    fake_upstream_answer(server, 401, REFUSAL);
    assert_true(
        program_spawn(&p, PROGRAM, (const char *[]){ "--rest", fake_upstream_url(server), NULL }));
    assert_int_equal(program_wait(&p), 2);
    assert_non_null(strstr(p.output, "--token: the target does not take the token"));
    program_free(&p);
    fake_upstream_free(server);
}

/* The file is judged against the test's two scenarios, of which the first fails. */
static void the_known_failing_file_excuses_and_must_be_true(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        int status;
        const char *words;
    } rows[] = {
        { "lists/** until:2999-01-01 issue 7\n", 0, "conforming: 1 known-fail" },
        { "lists/** until:2020-01-01 issue 7\n", 1,
          "its entry in the known-failing file has expired" },
        { "lists/** issue 7\nmaeks/** issue 8\n", 1, "line 2: maeks/** fits no scenario" },
        { "lists/** issue 7\nmakes/** not selected, so not judged\n", 0, "1 known-fail" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_upstream *server = fake_upstream_new();
        char path[] = "/tmp/known-failing-XXXXXX";
        SCOPED(fd) int file = mkstemp(path);
        size_t len = strlen(rows[i].lines);
        assert_int_equal(write(file, rows[i].lines, len), len);
        answer_probes(server);
        fake_upstream_answer(server, 500, REFUSAL);
        SCOPED(outcome)
        struct outcome o =
            run((const char *[]){ "--rest", fake_upstream_url(server), "--cases", CASES, "--select",
                                  "lists", "--known-failing", path, NULL });
        assert_int_equal(unlink(path), 0);
        assert_says(&o, rows[i].words);
        assert_int_equal(o.status, rows[i].status);
        fake_upstream_free(server);
    }
}

static void nothing_played_is_not_conforming(void **state)
{
    (void)state;
    struct fake_upstream *server = fake_upstream_new();

    answer_probes(server);
    SCOPED(outcome)
    struct outcome o = run((const char *[]){ "--rest", fake_upstream_url(server), "--cases", CASES,
                                             "--select", "makes", "--read-only", NULL });
    assert_int_equal(o.status, 4);
    assert_says(&o, "may-create-instances: nothing may be made (--read-only)");
    assert_int_equal(fake_upstream_request_count(server), 5); /* the probes */
    fake_upstream_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_that_is_as_it_should_be_conforms),
        cmocka_unit_test(a_planted_failure_is_explained),
        cmocka_unit_test(a_dead_port_is_unreachable_within_five_seconds_and_is_reported),
        cmocka_unit_test(a_grpc_port_without_grpc_is_unreachable_within_five_seconds),
        cmocka_unit_test(a_rest_server_is_played_by_grpc_through_a_gateway_of_our_own),
        cmocka_unit_test(our_own_mock_and_gateway_conform_by_both_ways),
        cmocka_unit_test(a_target_that_falls_silent_ends_the_run),
        cmocka_unit_test(one_lost_answer_is_a_failure_and_the_run_goes_on),
        cmocka_unit_test(a_server_of_another_kind_is_told_from_one_that_is_not_there),
        cmocka_unit_test(a_signal_ends_the_run_and_what_was_made_is_deleted),
        cmocka_unit_test(a_command_line_that_is_wrong_exits_2_and_says_what_is_meant),
        cmocka_unit_test(a_token_that_is_refused_exits_2),
        cmocka_unit_test(the_known_failing_file_excuses_and_must_be_true),
        cmocka_unit_test(nothing_played_is_not_conforming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

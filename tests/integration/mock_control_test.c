/* The control API of hypeman-mock over real sockets: worlds of many clients, their clocks, and the
 * flags that decide about it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "common/env/env.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

static void start(struct program *mock, const char *const *flags)
{
    const char *args[16] = { "--listen", "127.0.0.1:0", "--log", "off" };
    size_t count = 4;

    for (; *flags != NULL; flags++)
        args[count++] = *flags;
    assert_true(program_start(mock, "hypeman-mock", args));
}

static void stop(struct program *mock)
{
    assert_int_equal(program_stop(mock, SIGTERM), 0);
    program_free(mock);
}

static int start_mock(void **state)
{
    struct program *mock = calloc(1, sizeof *mock);

    assert_non_null(mock);
    start(mock, (const char *[]){ "--clock", "virtual", "--seed", "1", NULL });
    *state = mock;
    return 0;
}

static int stop_mock(void **state)
{
    stop(*state);
    free(*state);
    return 0;
}

/* The body; owned. NULL, and a word on stderr, when the status is another one. */
static char *try_ask(struct http_client *client, const char *method, const char *target,
                     const char *json, int status)
{
    struct http_answer answer = { 0 };
    char *body = NULL;

    if (http_client_request(client, method, target, json) && http_client_read(client, &answer)) {
        if (answer.status == status)
            body = TAKE(answer.body);
        else
            print_error("%s %s: %d %s\n", method, target, answer.status, answer.body);
    }
    http_answer_free(&answer);
    return body;
}

static void ask(struct http_client *client, const char *method, const char *target,
                const char *json, int status, const char *part)
{
    char *body = try_ask(client, method, target, json, status);

    assert_non_null(body);
    if (strstr(body, part) == NULL)
        fail_msg("%s %s: no %s in %s", method, target, part, body);
    free(body);
}

static void connect_to(const struct program *mock, struct http_client *client)
{
    assert_true(http_client_open(client, mock->urls[0]));
}

/* --- many clients ------------------------------------------------------------------------ */

enum { PROCESSES = 8, WORLDS_EACH = 125, FILLED_BYTES = 128 };

/* The text with the name for every '@'. */
static void fill_in(const char *text, const char *name, char out[FILLED_BYTES])
{
    size_t len = 0;

    for (; *text != '\0'; text++) {
        const char letter[] = { *text, '\0' };
        const char *piece = *text == '@' ? name : letter;
        assert_true(len + strlen(piece) < FILLED_BYTES);
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    out[len] = '\0';
}

/* One step of every world of a process before the next step, so that worlds of all processes are
 * worked on at once. False when anything is not as it would be alone. */
static bool drive_worlds(struct http_client *client, int process)
{
    static const struct {
        const char *method, *target, *json; /* @: the world's name */
        int status;
        const char *part;
    } steps[] = {
        { "POST", "/_mock/worlds", "{\"name\":\"@\"}", 201, "\"instances\":0" },
        { "POST", "/_w/@/instances", "{\"name\":\"vm-@\",\"image\":\"alpine\"}", 201,
          "\"ip\":\"10.100.0.2\"" },
        { "POST", "/_w/@/_mock/clock/advance", "{\"by\":\"1s\"}", 200,
          "\"now\":\"2026-01-01T00:00:01Z\"" },
        { "POST", "/_w/@/instances/vm-@/snapshots", "{\"kind\":\"Standby\",\"name\":\"@\"}", 201,
          "\"name\":\"@\"" },
        { "GET", "/_w/@/instances", NULL, 200, "[{\"created_at\":\"2026-01-01T00:00:00Z\"" },
        { "GET", "/_w/@/instances", NULL, 200, "\"name\":\"vm-@\"" },
        { "GET", "/_mock/worlds/@", NULL, 200, "\"instances\":1,\"snapshots\":1,\"waiting\":0" },
        { "DELETE", "/_w/@/instances/vm-@", NULL, 204, "" },
        { "GET", "/_w/@/instances", NULL, 200, "[]" },
        { "DELETE", "/_mock/worlds/@", NULL, 204, "" },
    };
    char name[32], target[FILLED_BYTES], json[FILLED_BYTES], part[FILLED_BYTES];

    for (size_t step = 0; step < ARRAY_LEN(steps); step++) {
        for (int i = 0; i < WORLDS_EACH; i++) {
            snprintf(name, sizeof name, "p%d-%d", process, i);
            fill_in(steps[step].target, name, target);
            fill_in(steps[step].part, name, part);
            if (steps[step].json != NULL)
                fill_in(steps[step].json, name, json);
            char *body = try_ask(client, steps[step].method, target,
                                 steps[step].json == NULL ? NULL : json, steps[step].status);
            const bool as_expected = body != NULL && strstr(body, part) != NULL;
            if (!as_expected)
                print_error("%s %s: no %s in %s\n", steps[step].method, target, part,
                            body == NULL ? "" : body);
            free(body);
            if (!as_expected)
                return false;
        }
    }
    return true;
}

static void a_thousand_worlds_of_eight_processes_do_not_disturb_each_other(void **state)
{
    const struct program *mock = *state;
    struct http_client client;
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct http_client own;
            _exit(http_client_open(&own, mock->urls[0]) && drive_worlds(&own, i) ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    connect_to(mock, &client);
    ask(&client, "GET", "/_mock/worlds", NULL, 200, "[{\"name\":\"default\"");
    ask(&client, "GET", "/instances", NULL, 200, "[]");
    http_client_close(&client);
}

/* --- clocks ------------------------------------------------------------------------------ */

/* Until so many answers of the world wait. */
static void await_waiting(struct http_client *client, const char *clock, const char *count)
{
    for (bool waits = false; !waits;) {
        char *body = try_ask(client, "GET", clock, NULL, 200);
        assert_non_null(body);
        waits = strstr(body, count) != NULL;
        free(body);
    }
}

static void read_answer(struct http_client *client, int status, const char *part)
{
    struct http_answer answer;

    assert_true(http_client_read(client, &answer));
    if (answer.status != status || strstr(answer.body, part) == NULL)
        fail_msg("%d %s instead of %d %s", answer.status, answer.body, status, part);
    http_answer_free(&answer);
}

static void a_wait_returns_within_5_ms_of_the_advance_that_ends_it(void **state)
{
    enum { TRIES = 20 };
    const struct program *mock = *state;
    struct http_client user, waiting;
    int64_t fastest_ns = INT64_MAX;

    connect_to(mock, &user);
    connect_to(mock, &waiting);
    ask(&user, "POST", "/_mock/worlds", "{\"name\":\"w\"}", 201, "");
    for (int i = 0; i < TRIES; i++) {
        ask(&user, "POST", "/_w/w/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}", 201, "");
        assert_true(http_client_request(&waiting, "GET",
                                        "/_w/w/instances/vm/wait?state=Running&timeout=5m", NULL));
        await_waiting(&user, "/_w/w/_mock/clock", "\"waiting\":1");
        const int64_t start_ns = monotonic_now_ns();
        struct http_answer answer;
        assert_true(
            http_client_request(&user, "POST", "/_w/w/_mock/clock/advance", "{\"by\":\"250ms\"}"));
        assert_true(http_client_read(&waiting, &answer));
        const int64_t took_ns = monotonic_now_ns() - start_ns;
        fastest_ns = took_ns < fastest_ns ? took_ns : fastest_ns;
        assert_non_null(strstr(answer.body, "\"state\":\"Running\""));
        http_answer_free(&answer);
        assert_true(http_client_read(&user, &answer));
        assert_int_equal(answer.status, 200);
        http_answer_free(&answer);
        ask(&user, "DELETE", "/_w/w/instances/vm", NULL, 204, "");
    }
    print_message("the fastest of %d took %lld us\n", TRIES, (long long)fastest_ns / 1000);
    assert_true(fastest_ns < 5 * NS_PER_MS);
    ask(&user, "DELETE", "/_mock/worlds/w", NULL, 204, "");
    http_client_close(&waiting);
    http_client_close(&user);
}

static void an_auto_clock_makes_minutes_of_waiting_short(void **state)
{
    const struct program *mock = *state;
    struct http_client user;

    connect_to(mock, &user);
    ask(&user, "POST", "/_mock/worlds", "{\"name\":\"hasty\",\"clock\":\"auto\"}", 201, "");
    ask(&user, "POST", "/_w/hasty/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}", 201, "");
    const int64_t start_ns = monotonic_now_ns();
    ask(&user, "GET", "/_w/hasty/instances/vm/wait?state=Running", NULL, 200, "Running");
    for (int i = 0; i < 10; i++)
        ask(&user, "GET", "/_w/hasty/instances/vm/wait?state=Stopped&timeout=5m", NULL, 200,
            "\"timed_out\":true");
    assert_true(monotonic_now_ns() - start_ns < 5 * NS_PER_SEC);
    ask(&user, "DELETE", "/_mock/worlds/hasty", NULL, 204, "");
    http_client_close(&user);
}

#define MONTH   "/_w/month"
#define ADVANCE MONTH "/_mock/clock/advance"

/* A step may begin on the second connection, whose answer a later one waits for. */
struct month_step {
    const char *method, *target, *json;
    int status;
    bool blocks;          /* it is answered while a later step is done       */
    const char *answered; /* what the one that waits has been answered by now */
};

/* Schedules, retention, waits, auto-standby, restarts and all kinds of holds, over thirty days. */
static const struct month_step month[] = {
    { "POST", "/_mock/worlds", "{\"name\":\"month\",\"seed\":5}", .status = 201 },
    { "POST", MONTH "/instances", "{\"name\":\"web\",\"image\":\"nginx\"}", .status = 201 },
    { "POST", MONTH "/_mock/instances/web/hold", "{\"transition\":\"boot\"}", .status = 200 },
    { "GET", MONTH "/instances/web/wait?state=Running&timeout=5m", NULL, .status = 200,
      .blocks = true },
    { "POST", ADVANCE, "{\"by\":\"4m\"}", .status = 200 },
    { "POST", MONTH "/_mock/instances/web/release", "{\"transition\":\"boot\"}", .status = 200,
      .answered = "\"timed_out\":false" },
    { "POST", MONTH "/instances",
      "{\"name\":\"idle\",\"image\":\"nginx\",\"tags\":{\"mock.boot\":\"12s\"},"
      "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"10m\"}}",
      .status = 201 },
    { "POST", MONTH "/instances",
      "{\"name\":\"frail\",\"image\":\"nginx\",\"tags\":{\"mock.boot\":\"fail-always\"},"
      "\"restart_policy\":{\"policy\":\"on_failure\",\"max_attempts\":5}}",
      .status = 201 },
    { "PUT", MONTH "/instances/web/snapshot-schedule",
      "{\"interval\":\"1h\",\"retention\":{\"max_count\":24,\"max_age\":\"36h\"}}", .status = 200 },
    { "POST", ADVANCE, "{\"until\":{\"instance\":\"idle\",\"state\":\"Standby\"}}", .status = 200 },
    { "POST", ADVANCE, "{\"by\":\"240h\"}", .status = 200 },
    { "POST", MONTH "/_mock/instances/web/hold", "{\"transition\":\"schedule\"}", .status = 200 },
    { "POST", ADVANCE, "{\"by\":\"48h\"}", .status = 200 },
    { "POST", MONTH "/_mock/instances/web/step", "{\"transition\":\"schedule\"}", .status = 200 },
    { "POST", MONTH "/_mock/instances/web/fail", "{\"transition\":\"schedule\"}", .status = 200 },
    { "POST", MONTH "/_mock/instances/web/release", "{\"transition\":\"schedule\"}",
      .status = 200 },
    { "POST", MONTH "/_mock/instances/idle/hold", "{\"transition\":\"restore\"}", .status = 200 },
    { "POST", MONTH "/instances/idle/restore", NULL, .status = 200, .blocks = true },
    { "POST", ADVANCE, "{\"by\":\"72h\"}", .status = 200 },
    { "POST", MONTH "/_mock/instances/idle/step", "{\"transition\":\"restore\"}", .status = 200,
      .answered = "\"state\":\"Running\"" },
    { "POST", ADVANCE, "{\"by\":\"361h\"}", .status = 200 },
};

/* The world as it is then; owned. */
static char *play_thirty_days(struct http_client *client, struct http_client *waiting)
{
    for (size_t i = 0; i < ARRAY_LEN(month); i++) {
        const struct month_step *step = &month[i];
        if (step->blocks) {
            assert_true(http_client_request(waiting, step->method, step->target, step->json));
            await_waiting(client, MONTH "/_mock/clock", "\"waiting\":1");
            continue;
        }
        ask(client, step->method, step->target, step->json, step->status, "");
        if (step->answered != NULL)
            read_answer(waiting, 200, step->answered);
    }
    ask(client, "GET", MONTH "/instances/idle", NULL, 200, "\"state\":\"Standby\"");
    ask(client, "GET", MONTH "/instances/frail", NULL, 200, "max_attempts_exceeded");
    ask(client, "GET", MONTH "/snapshots", NULL, 200, "\"created_at\":\"2026-01-31T");
    char *state = try_ask(client, "GET", MONTH "/_mock/state", NULL, 200);
    ask(client, "DELETE", "/_mock/worlds/month", NULL, 204, "");
    return state;
}

static void thirty_days_pass_in_less_than_a_second_and_always_alike(void **state)
{
    enum { RUNS = 100 };
    const struct program *mock = *state;
    int64_t slowest_ns = 0, fastest_ns = INT64_MAX;
    struct http_client client, waiting;
    char *first = NULL;

    connect_to(mock, &client);
    connect_to(mock, &waiting);
    for (int i = 0; i < RUNS; i++) {
        const int64_t start_ns = monotonic_now_ns();
        char *after = play_thirty_days(&client, &waiting);
        const int64_t took_ns = monotonic_now_ns() - start_ns;
        slowest_ns = took_ns > slowest_ns ? took_ns : slowest_ns;
        fastest_ns = took_ns < fastest_ns ? took_ns : fastest_ns;
        assert_non_null(after);
        if (first == NULL)
            first = TAKE(after);
        else
            assert_string_equal(after, first);
        free(after);
    }
    print_message("thirty days took %lld to %lld us\n", (long long)fastest_ns / 1000,
                  (long long)slowest_ns / 1000);
    assert_true(fastest_ns < NS_PER_SEC);
    free(first);
    http_client_close(&waiting);
    http_client_close(&client);
}

/* --- transitions ------------------------------------------------------------------------- */

static void an_instance_is_held_at_initializing_polled_and_released(void **state)
{
    const struct program *mock = *state;
    struct http_client client;

    connect_to(mock, &client);
    ask(&client, "POST", "/_mock/worlds", "{\"name\":\"held\"}", 201, "");
    ask(&client, "POST", "/_w/held/instances",
        "{\"name\":\"web1\",\"image\":\"nginx\",\"tags\":{\"mock.boot\":\"hold\"}}", 201, "");
    for (int polls = 0; polls < 3; polls++) {
        ask(&client, "POST", "/_w/held/_mock/clock/advance", "{\"by\":\"1h\"}", 200, "");
        ask(&client, "GET", "/_w/held/instances/web1", NULL, 200, "\"state\":\"Initializing\"");
    }
    ask(&client, "POST", "/_w/held/_mock/instances/web1/release", "{\"transition\":\"boot\"}", 200,
        "\"state\":\"Running\"");
    ask(&client, "GET", "/_w/held/instances/web1", NULL, 200, "\"state\":\"Running\"");
    ask(&client, "DELETE", "/_mock/worlds/held", NULL, 204, "");
    http_client_close(&client);
}

static void a_held_standby_with_a_body_is_answered_when_it_is_stepped(void **state)
{
    const struct program *mock = *state;
    struct http_client client, held, leaving;

    connect_to(mock, &client);
    connect_to(mock, &held);
    connect_to(mock, &leaving);
    ask(&client, "POST", "/_mock/worlds", "{\"name\":\"slow\"}", 201, "");
    ask(&client, "POST", "/_w/slow/instances", "{\"name\":\"vm\",\"image\":\"nginx\"}", 201, "");
    ask(&client, "POST", "/_w/slow/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    ask(&client, "POST", "/_w/slow/_mock/instances/vm/hold", "{\"transition\":\"standby\"}", 200,
        "");
    assert_true(http_client_request(&leaving, "POST", "/_w/slow/instances/vm/standby", "{}"));
    await_waiting(&client, "/_w/slow/_mock/clock", "\"waiting\":1");
    http_client_close(&leaving); /* nothing is done for who has left */
    await_waiting(&client, "/_w/slow/_mock/clock", "\"waiting\":0");
    assert_true(http_client_request(&held, "POST", "/_w/slow/instances/vm/standby",
                                    "{\"compression\":{\"enabled\":true,\"level\":3}}"));
    await_waiting(&client, "/_w/slow/_mock/clock", "\"waiting\":1");
    ask(&client, "GET", "/_w/slow/instances/vm", NULL, 200, "\"state\":\"Running\"");
    ask(&client, "POST", "/_w/slow/_mock/instances/vm/step", "{\"transition\":\"standby\"}", 200,
        "");
    read_answer(&held, 200, "\"state\":\"Standby\"");
    ask(&client, "DELETE", "/_mock/worlds/slow", NULL, 204, "");
    http_client_close(&held);
    http_client_close(&client);
}

static void a_world_with_a_ttl_goes_by_itself(void **state)
{
    const struct program *mock = *state;
    struct http_client client;
    const int64_t end_ns = monotonic_now_ns() + 10 * NS_PER_SEC;

    connect_to(mock, &client);
    ask(&client, "POST", "/_mock/worlds", "{\"name\":\"brief\",\"ttl\":\"50ms\"}", 201, "");
    ask(&client, "POST", "/_w/brief/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}", 201, "");
    for (bool there = true; there;) { /* asking for the list is not using it */
        char *body = try_ask(&client, "GET", "/_mock/worlds", NULL, 200);
        assert_non_null(body);
        there = strstr(body, "brief") != NULL;
        free(body);
        assert_true(monotonic_now_ns() < end_ns);
    }
    ask(&client, "GET", "/_w/brief/instances", NULL, 404, "there is no world named");
    http_client_close(&client);
}

/* --- the page ---------------------------------------------------------------------------- */

static void the_page_is_one_file_that_a_browser_lets_ask_this_server_only(void **state)
{
    static const char *const targets[] = { "/_mock", "/_mock/", "/_w/default/_mock/" };
    static const char *const lines[] = {
        "Content-Type: text/html; charset=utf-8",
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "X-Content-Type-Options: nosniff",
    };
    static const char *const policy[] = {
        "default-src 'none';", "script-src 'sha256-",      "style-src 'sha256-",
        "connect-src 'self';", "frame-ancestors 'none';",  "form-action 'none';",
        "base-uri 'none';",    "trusted-types 'none'\r\n",
    };
    static const char *const elsewhere[] = { "src=", "@import", "url(", "http://", "https://" };
    struct http_client client;

    connect_to(*state, &client);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct http_answer answer;
        assert_true(http_client_request(&client, "GET", targets[i], NULL));
        assert_true(http_client_read(&client, &answer));
        assert_int_equal(answer.status, 200);
        for (size_t k = 0; k < ARRAY_LEN(lines); k++)
            assert_true(http_answer_has_line(&answer, lines[k]));
        for (size_t k = 0; k < ARRAY_LEN(policy); k++)
            assert_non_null(strstr(answer.head, policy[k]));
        assert_null(strstr(answer.head, "unsafe"));
        assert_memory_equal(answer.body, "<!doctype html>", strlen("<!doctype html>"));
        for (size_t k = 0; k < ARRAY_LEN(elsewhere); k++)
            assert_null(strstr(answer.body, elsewhere[k]));
        assert_null(strstr(answer.body, "@style@"));
        assert_null(strstr(answer.body, "@script@"));
        http_answer_free(&answer);
    }
    http_client_close(&client);
}

/* --- flags ------------------------------------------------------------------------------- */

static void without_control_there_is_nothing_of_it(void **state)
{
    struct http_answer answer;
    struct http_client client;
    struct program mock;
    (void)state;

    start(&mock, (const char *[]){ "--no-control", NULL });
    connect_to(&mock, &client);
    ask(&client, "GET", "/_mock/worlds", NULL, 404, "404 page not found");
    ask(&client, "GET", "/_mock/", NULL, 404, "404 page not found");
    assert_true(http_client_request(&client, "GET", "/instances", NULL));
    assert_true(http_client_read(&client, &answer));
    assert_null(strstr(answer.head, "X-Mock"));
    http_answer_free(&answer);
    http_client_close(&client);
    stop(&mock);
}

static void pages_of_other_origins_are_refused(void **state)
{
    static const struct {
        const char *origin;
        int status;
    } rows[] = {
        { "http://127.0.0.1:4973", 200 },
        { "https://127.0.0.1:4973", 200 },
        { "http://127.0.0.1:80", 403 },
        { "http://example.com", 403 },
        { "null", 403 },
        { "", 403 },
    };
    struct program mock;
    struct http_client client;
    (void)state;

    start(&mock, (const char *[]){ NULL });
    assert_true(http_client_open(&client, mock.urls[0]));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_answer answer;
        char text[256];
        (void)snprintf(text, sizeof text,
                       "POST /_mock/reset HTTP/1.1\r\nHost: 127.0.0.1:4973\r\nOrigin: %s\r\n"
                       "Content-Length: 0\r\n\r\n",
                       rows[i].origin);
        assert_true(http_client_send_text(&client, text));
        assert_true(http_client_read(&client, &answer));
        assert_int_equal(answer.status, rows[i].status);
        http_answer_free(&answer);
    }
    http_client_close(&client);
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    program_free(&mock);
}

static void a_control_token_guards_it_and_a_token_may_be_a_world(void **state)
{
    static const char with_token[] = "Host: x\r\nAuthorization: Bearer s3cret\r\n\r\n";
    char path[] = "/tmp/control-token-XXXXXX";
    const int fd = mkstemp(path);
    struct http_client client;
    struct http_answer answer;
    struct program mock;
    (void)state;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "s3cret\n", 7), 7);
    close(fd);
    start(&mock, (const char *[]){ "--control-token-file", path, "--world-by-token", NULL });
    connect_to(&mock, &client);
    ask(&client, "GET", "/_mock/worlds", NULL, 401, "--control-token-file");
    assert_true(http_client_send_text(&client, "GET /instances HTTP/1.1\r\nHost: x\r\n"
                                               "Authorization: Bearer my-test\r\n\r\n"));
    assert_true(http_client_read(&client, &answer));
    assert_true(http_answer_has_line(&answer, "X-Mock-Request-Id: my-test-1"));
    http_answer_free(&answer);
    assert_true(http_client_send_text(&client, "GET /_mock/worlds HTTP/1.1\r\n"));
    assert_true(http_client_send_text(&client, with_token));
    assert_true(http_client_read(&client, &answer));
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"name\":\"my-test\""));
    assert_non_null(strstr(answer.body, "\"ttl\":\"1h0m0s\""));
    assert_null(strstr(answer.body, "s3cret"));
    http_answer_free(&answer);
    http_client_close(&client);
    stop(&mock);
    unlink(path);
}

static void flags_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *flags[5];
        const char *said;
    } rows[] = {
        { { "--clock", "manual", NULL }, "--clock" },
        { { "--max-worlds", "0", NULL }, "--max-worlds" },
        { { "--token-world-ttl", "soon", NULL }, "--token-world-ttl" },
        { { "--control-token-file", "/nowhere", NULL }, "--control-token-file is of no use" },
        { { "--control-token-file", "/dev/null", NULL }, "is empty" },
        { { "--no-control", "--control-token-file", "/dev/null", NULL },
          "has no meaning with --no-control" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program mock;
        assert_true(program_spawn(&mock, "hypeman-mock", rows[i].flags));
        assert_int_equal(program_wait(&mock), 2);
        if (strstr(mock.output, rows[i].said) == NULL)
            fail_msg("no %s in %s", rows[i].said, mock.output);
        program_free(&mock);
    }
}

static void sigterm_ends_the_waits_of_every_world(void **state)
{
    enum { WORLDS = 20 };
    struct http_client user, waiting[WORLDS];
    struct program mock;
    char target[64];
    (void)state;

    start(&mock, (const char *[]){ "--clock", "virtual", NULL });
    connect_to(&mock, &user);
    for (int i = 0; i < WORLDS; i++) {
        ask(&user, "POST", "/_mock/worlds", NULL, 201, "world-");
        snprintf(target, sizeof target, "/_w/world-%d/instances", i + 2);
        ask(&user, "POST", target, "{\"name\":\"vm\",\"image\":\"alpine\"}", 201, "");
        snprintf(target, sizeof target, "/_w/world-%d/instances/vm/wait?state=Stopped", i + 2);
        connect_to(&mock, &waiting[i]);
        assert_true(http_client_request(&waiting[i], "GET", target, NULL));
        snprintf(target, sizeof target, "/_mock/worlds/world-%d", i + 2);
        for (bool waits = false; !waits;) {
            char *body = try_ask(&user, "GET", target, NULL, 200);
            assert_non_null(body);
            waits = strstr(body, "\"waiting\":1") != NULL;
            free(body);
        }
    }
    assert_int_equal(kill(mock.pid, SIGTERM), 0);
    for (int i = 0; i < WORLDS; i++) {
        struct http_answer answer;
        assert_true(http_client_read(&waiting[i], &answer));
        assert_non_null(strstr(answer.body, "\"timed_out\":true"));
        http_answer_free(&answer);
        http_client_close(&waiting[i]);
    }
    http_client_close(&user);
    assert_int_equal(program_wait(&mock), 0);
    program_free(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_worlds_of_eight_processes_do_not_disturb_each_other),
        cmocka_unit_test(a_wait_returns_within_5_ms_of_the_advance_that_ends_it),
        cmocka_unit_test(an_auto_clock_makes_minutes_of_waiting_short),
        cmocka_unit_test(thirty_days_pass_in_less_than_a_second_and_always_alike),
        cmocka_unit_test(an_instance_is_held_at_initializing_polled_and_released),
        cmocka_unit_test(a_held_standby_with_a_body_is_answered_when_it_is_stepped),
        cmocka_unit_test(a_world_with_a_ttl_goes_by_itself),
        cmocka_unit_test(the_page_is_one_file_that_a_browser_lets_ask_this_server_only),
        cmocka_unit_test(without_control_there_is_nothing_of_it),
        cmocka_unit_test(pages_of_other_origins_are_refused),
        cmocka_unit_test(a_control_token_guards_it_and_a_token_may_be_a_world),
        cmocka_unit_test(flags_that_do_not_fit_are_refused),
        cmocka_unit_test(sigterm_ends_the_waits_of_every_world),
    };
    return cmocka_run_group_tests(tests, start_mock, stop_mock);
}

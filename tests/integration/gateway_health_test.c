/* grpc.health.v1 as a client sees it: tied to the upstream's probe and to the gateway's own end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/env/env.h"
#include "tests/support/gateway_rig.h"
#include "tests/support/http_client.h"

#define CHECK     "/grpc.health.v1.Health/Check"
#define LIST      "/grpc.health.v1.Health/List"
#define WATCH     "/grpc.health.v1.Health/Watch"
#define SNAPSHOTS "hypeman.v1.SnapshotService"

enum { SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3 };

/* Short periods; the defaults have a test of their own. */
static const char *const quick[] = { "--probe", "/health", "--probe-period", "20ms", NULL };

static const char well[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
static const char unwell[] = "HTTP/1.1 503 Down\r\nContent-Length: 2\r\n\r\n{}";

/* ---- Helpers ------------------------------------------------------------------------------- */

static struct text request_for(struct gateway_rig *rig, const char *service)
{
    return service[0] == '\0' ? TEXT("") : wire_field(&rig->memory, 1, text_of(service));
}

static int status_of(struct text message)
{
    if (message.len != 2 || message.data[0] != 8)
        fail_msg("a message of %zu bytes is no HealthCheckResponse", message.len);
    return message.data[1];
}

static struct grpc_raw_reply check(struct gateway_rig *rig, const char *service)
{
    return grpc_raw_run(rig->channel, &(struct grpc_raw_request){
                                          .path = CHECK, .message = request_for(rig, service) });
}

static int check_status(struct gateway_rig *rig, const char *service)
{
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = check(rig, service);
    if (reply.code != RPC_OK)
        fail_msg("%s: %s", rpc_code_name((enum rpc_code)reply.code), reply.message);
    return status_of(reply.body);
}

static struct grpc_raw_call *watch_on(struct grpc_raw_channel *channel, struct gateway_rig *rig,
                                      const char *service)
{
    return grpc_raw_open(
        channel, &(struct grpc_raw_request){ .path = WATCH, .message = request_for(rig, service) });
}

static struct grpc_raw_call *watch(struct gateway_rig *rig, const char *service)
{
    return watch_on(rig->channel, rig, service);
}

static void assert_next(struct grpc_raw_call *call, int status)
{
    struct text message;
    if (!grpc_raw_read(call, &message)) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
        fail_msg("the stream has ended with %s: %s", rpc_code_name((enum rpc_code)end.code),
                 end.message);
    }
    assert_int_equal(status_of(message), status);
}

static void assert_ended(struct grpc_raw_call *call, enum rpc_code code)
{
    struct text message;
    assert_false(grpc_raw_read(call, &message));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
    if (end.code != (int)code)
        fail_msg("%s: %s", rpc_code_name((enum rpc_code)end.code), end.message);
}

static void cancel(struct grpc_raw_call *call)
{
    grpc_raw_cancel(call);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
    assert_int_equal(end.code, RPC_CANCELLED);
}

static void given_upstream(struct gateway_rig *rig, const char *answer)
{
    fake_upstream_otherwise(rig->upstream, (struct fake_reply){ .bytes = answer });
}

/* A gateway with that upstream behind it, which it has found serving. */
static struct gateway_rig *start_serving(const char *const *flags)
{
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *call = watch(rig, "");
    struct text message;
    int status = 0;
    while (status != SERVING) {
        assert_true(grpc_raw_read(call, &message));
        status = status_of(message);
    }
    cancel(call);
    return rig;
}

/* ---- Check and List ------------------------------------------------------------------------ */

static void every_service_and_the_server_itself_can_be_asked_about(void **state)
{
    (void)state;
    static const char *const services[] = { "",
                                            SNAPSHOTS,
                                            "hypeman.v1.InstanceService",
                                            "grpc.health.v1.Health",
                                            "grpc.reflection.v1.ServerReflection",
                                            "grpc.reflection.v1alpha.ServerReflection" };
    struct gateway_rig *rig = start_serving(quick);
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        assert_int_equal(check_status(rig, services[i]), SERVING);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply list =
        grpc_raw_run(rig->channel, &(struct grpc_raw_request){ .path = LIST });
    assert_int_equal(list.code, RPC_OK);
    for (size_t i = 1; i < ARRAY_LEN(services); i++)
        assert_non_null(memmem(list.body.data, list.body.len, services[i], strlen(services[i])));
    gateway_rig_stop(rig);
}

static void a_service_that_does_not_exist_is_not_found(void **state)
{
    struct gateway_rig *rig = *state;
    static const char *const services[] = { "hypeman.v1.Nope", "hypeman.v1.Snapshot", "hypeman.v1",
                                            SNAPSHOTS "/GetSnapshot" };
    for (size_t i = 0; i < ARRAY_LEN(services); i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = check(rig, services[i]);
        assert_int_equal(reply.code, RPC_NOT_FOUND);
    }
}

static void a_request_that_is_none_is_invalid(void **state)
{
    struct gateway_rig *rig = *state;
    static const char *const paths[] = { CHECK, LIST, WATCH };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        for (int empty = 0; empty < 2; empty++) {
            SCOPED(grpc_raw_reply)
            struct grpc_raw_reply reply =
                grpc_raw_run(rig->channel, &(struct grpc_raw_request){ .path = paths[i],
                                                                       .message = TEXT("\x0a\x05x"),
                                                                       .no_message = empty == 1 });
            if (reply.code != RPC_INVALID_ARGUMENT)
                fail_msg("%s: %s", paths[i], rpc_code_name((enum rpc_code)reply.code));
        }
}

static void without_a_probe_the_upstream_counts_as_well(void **state)
{
    struct gateway_rig *rig = *state; /* with --probe off */
    assert_int_equal(check_status(rig, SNAPSHOTS), SERVING);
    assert_int_equal(fake_upstream_request_count(rig->upstream), 0);
}

/* ---- The probe ----------------------------------------------------------------------------- */

/* The real thing, with the settings one gets: a server that is killed and comes back. */
static void a_killed_upstream_is_noticed_within_five_seconds_and_so_is_its_return(void **state)
{
    (void)state;
    struct program mock;
    char address[PROGRAM_URL_BYTES];
    assert_true(
        program_start(&mock, "hypeman-mock", (const char *[]){ "--listen", "127.0.0.1:0", NULL }));
    (void)snprintf(address, sizeof address, "%.100s", mock.urls[0] + strlen("http://"));
    const char *flags[] = { "--upstream", mock.urls[0], "--probe", "/health", NULL };
    struct gateway_rig *rig = gateway_rig_start_alone(flags);
    struct grpc_raw_call *call = watch(rig, SNAPSHOTS);
    struct text message;
    assert_true(grpc_raw_read(call, &message));
    if (status_of(message) == NOT_SERVING) /* the first probe was not back yet */
        assert_next(call, SERVING);
    assert_int_equal(check_status(rig, ""), SERVING);

    (void)program_stop(&mock, SIGKILL);
    program_free(&mock);
    int64_t killed_ns = monotonic_now_ns();
    assert_next(call, NOT_SERVING);
    int64_t noticed_ms = (monotonic_now_ns() - killed_ns) / NS_PER_MS;
    print_message("noticed after %d ms\n", (int)noticed_ms);
    assert_in_range(noticed_ms, 0, 5000);
    assert_int_equal(check_status(rig, ""), NOT_SERVING);
    assert_int_equal(check_status(rig, "grpc.health.v1.Health"), SERVING);

    assert_true(
        program_start(&mock, "hypeman-mock", (const char *[]){ "--listen", address, NULL }));
    int64_t back_ns = monotonic_now_ns();
    assert_next(call, SERVING);
    assert_in_range((monotonic_now_ns() - back_ns) / NS_PER_MS, 0, 5000);
    assert_int_equal(check_status(rig, SNAPSHOTS), SERVING);
    cancel(call);
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    program_free(&mock);
    gateway_rig_stop(rig);
}

static void an_upstream_that_hangs_is_not_well(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_serving(quick);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    fake_upstream_otherwise(rig->upstream, (struct fake_reply){ .bytes = well, .hold = true });
    assert_next(call, NOT_SERVING);
    cancel(call);
    gateway_rig_stop(rig); /* with a probe in flight */
}

static void assert_ready(const struct gateway_rig *rig, int status)
{
    struct http_client client;
    struct http_answer answer;
    assert_true(http_client_open(&client, rig->program.urls[1]));
    assert_true(http_client_request(&client, "GET", "/readyz", NULL));
    assert_true(http_client_read(&client, &answer));
    assert_int_equal(answer.status, status);
    http_answer_free(&answer);
    http_client_close(&client);
}

static void the_admin_port_is_ready_while_the_upstream_is(void **state)
{
    (void)state;
    const char *const flags[] = { "--probe",     "/health", "--probe-period", "20ms", "--admin",
                                  "127.0.0.1:0", NULL };
    struct gateway_rig *rig = start_serving(flags);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    assert_ready(rig, 200);
    given_upstream(rig, unwell);
    assert_next(call, NOT_SERVING);
    assert_ready(rig, 503);
    given_upstream(rig, well);
    assert_next(call, SERVING);
    assert_ready(rig, 200);
    cancel(call);
    gateway_rig_stop(rig);
}

static void only_so_many_failures_in_a_row_count(void **state)
{
    (void)state;
    enum { FAILURES = 3 };
    const char *const flags[] = { "--probe", "/health",          "--probe-period",
                                  "20ms",    "--probe-failures", "3",
                                  NULL };
    struct gateway_rig *rig = start_serving(flags);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    for (int round = 0; round < 5; round++) {
        size_t before = fake_upstream_request_count(rig->upstream);
        for (int i = 0; i < FAILURES - 1; i++)
            fake_upstream_reply(rig->upstream, (struct fake_reply){ .bytes = unwell });
        assert_true(fake_upstream_wait_requests(rig->upstream, before + FAILURES + 1));
    }
    given_upstream(rig, unwell);
    assert_next(call, NOT_SERVING); /* would be SERVING, had one of the others been told */
    cancel(call);
    gateway_rig_stop(rig);
}

static void anything_but_2xx_is_a_failure(void **state)
{
    (void)state;
    static const struct fake_reply answers[] = {
        { .bytes = unwell },
        { .bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" },
        { .bytes = "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n" },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .end = FAKE_CLOSE },
        { .bytes = "no http at all", .end = FAKE_CLOSE },
        { .bytes = "", .end = FAKE_RESET },
    };
    struct gateway_rig *rig = start_serving(quick);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        fake_upstream_otherwise(rig->upstream, answers[i]);
        assert_next(call, NOT_SERVING);
        given_upstream(rig, "HTTP/1.1 204 No Content\r\n\r\n");
        assert_next(call, SERVING);
    }
    cancel(call);
    gateway_rig_stop(rig);
}

static void the_probe_is_a_get_of_the_path_with_the_gateways_token(void **state)
{
    (void)state;
    char path[] = "/tmp/gateway-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "probe-secret", 12), 12);
    close(fd);
    const char *const flags[] = { "--probe", "/v1/ready?x=1", "--upstream-token-file", path, NULL };
    struct gateway_rig *rig = start_serving(flags);
    unlink(path);
    const struct text request = fake_upstream_request(rig->upstream, 0).bytes;
    assert_true(text_starts_with(request, TEXT("GET /v1/ready?x=1 HTTP/1.1\r\n")));
    const char token[] = "Authorization: Bearer probe-secret\r\n";
    assert_non_null(memmem(request.data, request.len, token, strlen(token)));
    given_upstream(rig, unwell);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    assert_next(call, NOT_SERVING);
    cancel(call);
    /* Whoever runs it is told why, and not the token. */
    assert_int_equal(program_stop(&rig->program, SIGTERM), 0);
    assert_non_null(strstr(rig->program.output, "GET /v1/ready?x=1 (--probe): it answers 503"));
    assert_null(strstr(rig->program.output, "probe-secret"));
    gateway_rig_stop(rig);
}

static void api_calls_do_not_depend_on_the_probe(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_serving(quick);
    given_upstream(rig, unwell);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    assert_next(call, NOT_SERVING);
    cancel(call);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        gateway_rig_call(rig, "SnapshotService/GetSnapshot", TEXT("\n\2s1"));
    assert_int_equal(reply.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(reply.message, "503")); /* asked, not guessed */
    gateway_rig_stop(rig);
}

/* ---- Watch --------------------------------------------------------------------------------- */

static void a_watcher_sees_each_change_once(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_serving(quick);
    struct grpc_raw_call *calls[] = { watch(rig, ""), watch(rig, SNAPSHOTS),
                                      watch(rig, "hypeman.v1.InstanceService") };
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_next(calls[i], SERVING);
    for (int round = 0; round < 10; round++) {
        given_upstream(rig, unwell);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
            assert_next(calls[i], NOT_SERVING);
        given_upstream(rig, well);
        for (size_t i = 0; i < ARRAY_LEN(calls); i++)
            assert_next(calls[i], SERVING);
    }
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        cancel(calls[i]);
    gateway_rig_stop(rig);
}

static void a_watch_of_no_service_says_so_and_stays_open(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_serving(quick);
    struct grpc_raw_call *call = watch(rig, "hypeman.v1.Nope");
    assert_next(call, SERVICE_UNKNOWN);
    struct grpc_raw_call *other = watch(rig, "");
    assert_next(other, SERVING);
    given_upstream(rig, unwell);
    assert_next(other, NOT_SERVING);
    cancel(other);
    kill(rig->program.pid, SIGTERM);
    assert_ended(call, RPC_UNAVAILABLE); /* open until here, and nothing else was said */
    gateway_rig_stop(rig);
}

static void the_gateways_own_services_are_watched_through_an_outage(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_serving(quick);
    struct grpc_raw_call *call = watch(rig, "grpc.health.v1.Health");
    struct grpc_raw_call *other = watch(rig, "");
    assert_next(call, SERVING);
    assert_next(other, SERVING);
    given_upstream(rig, unwell);
    assert_next(other, NOT_SERVING);
    cancel(other);
    kill(rig->program.pid, SIGTERM);
    assert_next(call, NOT_SERVING);
    assert_ended(call, RPC_UNAVAILABLE);
    gateway_rig_stop(rig);
}

/* A thousand are kept, and their places are free again when they have gone. */
static void watchers_are_counted(void **state)
{
    (void)state;
    enum { MOST = 1000, CHANNELS = 2 };
    struct gateway_rig *rig = gateway_rig_start(NULL);
    struct grpc_raw_call **calls = calloc(MOST, sizeof(struct grpc_raw_call *));
    struct grpc_raw_channel *channels[CHANNELS] = { grpc_raw_connect(rig->target),
                                                    grpc_raw_connect(rig->target) };
    assert_non_null(calls);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MOST; i++)
            calls[i] = watch_on(channels[i % CHANNELS], rig, "");
        for (int i = 0; i < MOST; i++)
            assert_next(calls[i], SERVING);
        struct grpc_raw_call *one_more = watch(rig, "");
        assert_ended(one_more, RPC_RESOURCE_EXHAUSTED);
        assert_int_equal(check_status(rig, ""), SERVING);
        for (int i = 0; i < MOST; i++)
            cancel(calls[i]);
        /* The server hears of the last cancel before of what is asked after it, per connection. */
        for (int i = 0; i < CHANNELS; i++) {
            struct grpc_raw_reply reply =
                grpc_raw_run(channels[i], &(struct grpc_raw_request){ .path = CHECK });
            assert_int_equal(reply.code, RPC_OK);
            grpc_raw_reply_fini(&reply);
        }
    }
    for (int i = 0; i < CHANNELS; i++)
        grpc_raw_disconnect(channels[i]);
    free(calls);
    gateway_rig_stop(rig);
}

/* For the sanitizers: some leave just as something is to be said to them, the last as all ends. */
static void watchers_come_and_go_while_the_state_changes(void **state)
{
    (void)state;
    enum { WATCHERS = 50, ROUNDS = 20 };
    const char *const flags[] = { "--probe",   "/health", "--probe-period",   "10ms",
                                  "--workers", "4",       "--probe-failures", "1",
                                  NULL };
    struct gateway_rig *rig = start_serving(flags);
    struct grpc_raw_channel *channel = grpc_raw_connect(rig->target);
    struct grpc_raw_call *calls[WATCHERS];
    for (int i = 0; i < WATCHERS; i++)
        calls[i] = watch_on(i % 2 == 0 ? channel : rig->channel, rig, "");
    for (int round = 0; round < ROUNDS; round++) {
        given_upstream(rig, round % 2 == 0 ? unwell : well);
        for (int i = round % 3; i < WATCHERS; i += 3) {
            struct text message;
            (void)grpc_raw_read(calls[i], &message);
            cancel(calls[i]);
            calls[i] = watch_on(i % 2 == 0 ? channel : rig->channel, rig, "");
        }
    }
    kill(rig->program.pid, SIGTERM);
    for (int i = 0; i < WATCHERS; i++) {
        grpc_raw_cancel(calls[i]);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(calls[i]);
        assert_int_not_equal(end.code, RPC_OK);
    }
    grpc_raw_disconnect(channel);
    gateway_rig_stop(rig);
}

/* ---- The end ------------------------------------------------------------------------------- */

/* In a fraction of the time that calls in flight would get. */
static void a_signal_shows_not_serving_before_the_streams_end(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_serving(quick);
    struct grpc_raw_call *calls[] = { watch(rig, ""), watch(rig, SNAPSHOTS) };
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_next(calls[i], SERVING);
    int64_t signalled_ns = monotonic_now_ns();
    kill(rig->program.pid, SIGTERM);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        assert_next(calls[i], NOT_SERVING);
        assert_ended(calls[i], RPC_UNAVAILABLE);
    }
    assert_int_equal(program_wait(&rig->program), 0);
    assert_in_range((monotonic_now_ns() - signalled_ns) / NS_PER_MS, 0, 5000);
    gateway_rig_stop(rig);
}

/* Where a load balancer must have time to look. */
static void during_the_drain_delay_health_says_not_serving_and_calls_are_answered(void **state)
{
    (void)state;
    const char *const flags[] = { "--probe", "/health", "--drain-delay", "1h", NULL };
    struct gateway_rig *rig = start_serving(flags);
    struct grpc_raw_call *call = watch(rig, "");
    assert_next(call, SERVING);
    kill(rig->program.pid, SIGTERM);
    assert_next(call, NOT_SERVING);
    assert_int_equal(check_status(rig, ""), NOT_SERVING);
    assert_int_equal(check_status(rig, "grpc.health.v1.Health"), NOT_SERVING);
    struct grpc_raw_channel *channel = grpc_raw_connect(rig->target); /* also on new connections */
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        channel, &(struct grpc_raw_request){ .path = "/hypeman.v1.SnapshotService/GetSnapshot",
                                             .message = TEXT("\n\2s1") });
    assert_int_equal(reply.code, RPC_OK);
    grpc_raw_disconnect(channel);
    kill(rig->program.pid, SIGTERM); /* enough of that */
    assert_ended(call, RPC_UNAVAILABLE);
    assert_int_equal(program_wait(&rig->program), 0);
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_and_the_server_itself_can_be_asked_about),
        cmocka_unit_test(a_service_that_does_not_exist_is_not_found),
        cmocka_unit_test(a_request_that_is_none_is_invalid),
        cmocka_unit_test(without_a_probe_the_upstream_counts_as_well),
        cmocka_unit_test(a_killed_upstream_is_noticed_within_five_seconds_and_so_is_its_return),
        cmocka_unit_test(an_upstream_that_hangs_is_not_well),
        cmocka_unit_test(the_admin_port_is_ready_while_the_upstream_is),
        cmocka_unit_test(only_so_many_failures_in_a_row_count),
        cmocka_unit_test(anything_but_2xx_is_a_failure),
        cmocka_unit_test(the_probe_is_a_get_of_the_path_with_the_gateways_token),
        cmocka_unit_test(api_calls_do_not_depend_on_the_probe),
        cmocka_unit_test(a_watcher_sees_each_change_once),
        cmocka_unit_test(a_watch_of_no_service_says_so_and_stays_open),
        cmocka_unit_test(the_gateways_own_services_are_watched_through_an_outage),
        cmocka_unit_test(watchers_are_counted),
        cmocka_unit_test(watchers_come_and_go_while_the_state_changes),
        cmocka_unit_test(a_signal_shows_not_serving_before_the_streams_end),
        cmocka_unit_test(during_the_drain_delay_health_says_not_serving_and_calls_are_answered),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}

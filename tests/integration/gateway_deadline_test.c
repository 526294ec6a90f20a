/* Calls that end before the REST server has answered: by the caller's deadline, by --timeout, by a
 * cancellation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/env/env.h"
#include "tests/support/gateway_rig.h"

#define GET_SNAPSHOT    "/hypeman.v1.SnapshotService/GetSnapshot"
#define CREATE_SNAPSHOT "/hypeman.v1.SnapshotService/CreateSnapshot"

static const struct text one_id = TEXT("\n\2s1");
static const struct fake_reply hangs = { .hold = true };
static const struct fake_reply empty_answer = {
    .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
};

/* ---- Helpers ------------------------------------------------------------------------------- */

/* The gateway gives the request of that number up: waits until its connection is closed, and says
 * when that was. */
static int64_t closed_at_ns(struct gateway_rig *rig, size_t request)
{
    int64_t at_ns = 0;
    size_t connection = fake_upstream_request(rig->upstream, request).connection;
    if (!fake_upstream_wait_closed(rig->upstream, connection, &at_ns))
        fail_msg("the connection of request %zu stays open", request);
    return at_ns;
}

/* ---- Deadlines ----------------------------------------------------------------------------- */

static void a_call_ends_at_the_callers_deadline(void **state)
{
    struct gateway_rig *rig = *state;
    size_t request = fake_upstream_request_count(rig->upstream) + 1;
    gateway_rig_assert_serves(rig); /* connects */
    fake_upstream_reply(rig->upstream, hangs);
    int64_t started_ns = monotonic_now_ns();
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        rig->channel,
        &(struct grpc_raw_request){ .path = GET_SNAPSHOT, .message = one_id, .deadline_ms = 300 });
    assert_int_equal(reply.code, RPC_DEADLINE_EXCEEDED);
    assert_in_range(reply.elapsed_ms, 290, 1000);
    int64_t closed_ms = (closed_at_ns(rig, request) - started_ns) / NS_PER_MS;
    assert_in_range(closed_ms, 290, 1300);
    gateway_rig_assert_serves(rig);
}

static void a_deadline_in_the_middle_of_an_answer_counts_too(void **state)
{
    struct gateway_rig *rig = *state;
    size_t request = fake_upstream_request_count(rig->upstream);
    fake_upstream_reply(rig->upstream, (struct fake_reply){
                                           .bytes = "HTTP/1.1 200 OK\r\nContent-Length: "
                                                    "11\r\n\r\n{\"id\":\"s1\"}",
                                           .hold = true,
                                           .hold_at = 45,
                                       });
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        rig->channel,
        &(struct grpc_raw_request){ .path = GET_SNAPSHOT, .message = one_id, .deadline_ms = 300 });
    assert_int_equal(reply.code, RPC_DEADLINE_EXCEEDED);
    (void)closed_at_ns(rig, request);
    gateway_rig_assert_serves(rig);
}

/* With a server of its own: requests that were on their way may still arrive afterwards. */
static void a_deadline_of_one_millisecond_is_answered(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    fake_upstream_otherwise(rig->upstream, hangs);
    for (int i = 0; i < 20; i++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = grpc_raw_run(
            rig->channel, &(struct grpc_raw_request){
                              .path = GET_SNAPSHOT, .message = one_id, .deadline_ms = 1 });
        assert_int_equal(reply.code, RPC_DEADLINE_EXCEEDED);
    }
    fake_upstream_otherwise(rig->upstream, empty_answer);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
    assert_int_equal(reply.code, RPC_OK);
    gateway_rig_stop(rig);
}

static void a_shorter_timeout_of_the_gateway_decides(void **state)
{
    (void)state;
    const char *flags[] = { "--timeout", "200ms", NULL };
    const struct {
        const char *path;
        const char *says;
    } cases[] = {
        { GET_SNAPSHOT, "safe to ask again" },
        { CREATE_SNAPSHOT, "may have been acted upon" },
    };
    struct gateway_rig *rig = gateway_rig_start(flags);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct gateway_details details;
        fake_upstream_reply(rig->upstream, hangs);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = grpc_raw_run(
            rig->channel, &(struct grpc_raw_request){ .path = cases[i].path, .message = one_id });
        assert_int_equal(reply.code, RPC_DEADLINE_EXCEEDED);
        assert_non_null(strstr(reply.message, "within 200 ms"));
        assert_non_null(strstr(reply.message, cases[i].says));
        assert_in_range(reply.elapsed_ms, 190, 5000);
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
        assert_string_equal(details.reason, "DEADLINE_EXCEEDED");
        assert_string_equal(details.domain, "hypeman-gateway");
        (void)closed_at_ns(rig, i);
    }
    assert_int_equal(fake_upstream_request_count(rig->upstream), ARRAY_LEN(cases));
    gateway_rig_stop(rig);
}

/* ---- Cancellation -------------------------------------------------------------------------- */

static void a_cancelled_call_is_cancelled_at_the_server(void **state)
{
    struct gateway_rig *rig = *state;
    const char *const methods[] = { "SnapshotService/GetSnapshot",
                                    "SnapshotService/CreateSnapshot" };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        size_t request = fake_upstream_request_count(rig->upstream);
        fake_upstream_reply(rig->upstream, hangs);
        struct grpc_raw_call *call = gateway_rig_begin(rig, methods[i], one_id);
        assert_true(fake_upstream_wait_requests(rig->upstream, request + 1));

        int64_t cancelled_ns = monotonic_now_ns();
        grpc_raw_cancel(call);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(call);
        assert_int_equal(reply.code, RPC_CANCELLED);
        int64_t closed_ms = (closed_at_ns(rig, request) - cancelled_ns) / NS_PER_MS;
        assert_in_range(closed_ms, 0, 1000);
        assert_int_equal(fake_upstream_request_count(rig->upstream), request + 1);
        gateway_rig_assert_serves(rig);
    }
}

static void a_client_that_dies_cancels_its_calls(void **state)
{
    struct gateway_rig *rig = *state;
    struct program client;
    size_t request = fake_upstream_request_count(rig->upstream);
    const char *arguments[] = {
        "call", "--to", rig->target, "--method", "hypeman.v1.SnapshotService/ListSnapshots", NULL
    };
    fake_upstream_reply(rig->upstream, hangs);
    assert_true(program_spawn(&client, "hypeman-gateway", arguments));
    assert_true(fake_upstream_wait_requests(rig->upstream, request + 1));
    assert_int_equal(program_stop(&client, SIGKILL), 128 + SIGKILL);
    program_free(&client);
    (void)closed_at_ns(rig, request);
    gateway_rig_assert_serves(rig);
}

enum { CANCELS_AT_ONCE = 100, CANCEL_ROUNDS = 10 };

/* In every other round the calls are cancelled wherever they are just then. */
static void cancel_many(struct gateway_rig *rig, bool once_arrived)
{
    struct grpc_raw_call *calls[CANCELS_AT_ONCE];
    size_t before = fake_upstream_request_count(rig->upstream);
    for (size_t i = 0; i < CANCELS_AT_ONCE; i++)
        calls[i] = gateway_rig_begin(
            rig, i % 2 == 0 ? "SnapshotService/GetSnapshot" : "SnapshotService/CreateSnapshot",
            one_id);
    if (once_arrived)
        assert_true(fake_upstream_wait_requests(rig->upstream, before + CANCELS_AT_ONCE));
    for (size_t i = 0; i < CANCELS_AT_ONCE; i++)
        grpc_raw_cancel(calls[i]);
    for (size_t i = 0; i < CANCELS_AT_ONCE; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(calls[i]);
        assert_int_equal(reply.code, RPC_CANCELLED);
    }
}

static void a_thousand_cancelled_calls_leave_nothing_behind(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    gateway_rig_assert_serves(rig);
    size_t before = gateway_rig_count_descriptors(rig);

    fake_upstream_otherwise(rig->upstream, hangs);
    for (int round = 0; round < CANCEL_ROUNDS; round++)
        cancel_many(rig, round % 2 == 0);

    gateway_rig_assert_descriptors(rig, before);

    fake_upstream_otherwise(rig->upstream, empty_answer);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
    assert_int_equal(reply.code, RPC_OK);
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_ends_at_the_callers_deadline),
        cmocka_unit_test(a_deadline_in_the_middle_of_an_answer_counts_too),
        cmocka_unit_test(a_deadline_of_one_millisecond_is_answered),
        cmocka_unit_test(a_shorter_timeout_of_the_gateway_decides),
        cmocka_unit_test(a_cancelled_call_is_cancelled_at_the_server),
        cmocka_unit_test(a_client_that_dies_cancels_its_calls),
        cmocka_unit_test(a_thousand_cancelled_calls_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}

/* Many calls at once: each gets the answer to its own request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/gateway_rig.h"

enum { CALLS = 200, CHANNELS = 4, ROUNDS = 3 };

/* ---- Helpers ------------------------------------------------------------------------------- */

struct crowd {
    struct gateway_rig *rig;
    struct grpc_raw_channel *channels[CHANNELS];
    struct grpc_raw_call *calls[CALLS];
};

/* Two workers, so that calls also meet between threads of the same kind. */
static int given_a_crowd(void **state)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    const char *flags[] = { "--workers", "2", "--log", "json", NULL };
    crowd->rig = gateway_rig_start(flags);
    for (size_t i = 0; i < CHANNELS; i++)
        crowd->channels[i] = grpc_raw_connect(crowd->rig->target);
    *state = crowd;
    return 0;
}

static int end(void **state)
{
    struct crowd *crowd = *state;
    for (size_t i = 0; i < CHANNELS; i++)
        grpc_raw_disconnect(crowd->channels[i]);
    gateway_rig_stop(crowd->rig);
    free(crowd);
    return 0;
}

/* The next CALLS requests are answered with ids "r0", "r1", ... in the order of their arrival, once
 * they are released. */
static void given_numbered_answers(struct crowd *crowd, bool hold)
{
    for (int i = 0; i < CALLS; i++) {
        char body[32];
        (void)snprintf(body, sizeof body, "{\"id\":\"r%d\"}", i);
        struct fake_reply reply = http_answer(&crowd->rig->memory, 200, "", text_of(body));
        reply.hold = hold;
        fake_upstream_reply(crowd->rig->upstream, reply);
    }
}

/* Call i asks for snapshot "c<i>", or writes to instance "c<i>", as its number will have it. */
static void start_all(struct crowd *crowd)
{
    static const char *const paths[] = { "/hypeman.v1.SnapshotService/GetSnapshot",
                                         "/hypeman.v1.SnapshotService/CreateSnapshot" };
    for (int i = 0; i < CALLS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "c%d", i);
        crowd->calls[i] =
            grpc_raw_start(crowd->channels[i % CHANNELS],
                           &(struct grpc_raw_request){
                               .path = paths[i / CHANNELS % 2],
                               .message = wire_field(&crowd->rig->memory, 1, text_of(id)),
                           });
    }
}

/* 17 of "GET /snapshots/c17 HTTP/1.1" and of "POST /instances/c17/snapshots HTTP/1.1" */
static int64_t asked_for(struct fake_request request)
{
    int64_t number = -1;
    (void)text_split(&request.bytes, '/');
    (void)text_split(&request.bytes, '/');
    struct text id = text_split(&request.bytes, ' ');
    id = text_split(&id, '/');
    assert_true(id.len > 1 && id.data[0] == 'c');
    assert_true(text_parse_i64((struct text){ id.data + 1, id.len - 1 }, &number));
    return number;
}

/* first  the number of the first request of this round */
static void assert_own_answer(struct crowd *crowd, int call, const struct grpc_raw_reply *reply,
                              size_t first)
{
    uint64_t answer = 0;
    if (reply->code != RPC_OK)
        fail_msg("call %d: %s: %s", call, rpc_code_name((enum rpc_code)reply->code),
                 reply->message);
    assert_true(reply->body.len > 3 && reply->body.data[2] == 'r'); /* tag, length, "r0" */
    assert_true(
        text_parse_u64((struct text){ reply->body.data + 3, reply->body.len - 3 }, &answer));
    struct fake_request request =
        fake_upstream_request(crowd->rig->upstream, first + (size_t)answer);
    assert_int_equal(asked_for(request), call);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void two_hundred_calls_in_flight_get_their_own_answers(void **state)
{
    struct crowd *crowd = *state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t first = fake_upstream_request_count(crowd->rig->upstream);
        given_numbered_answers(crowd, true);
        start_all(crowd);
        assert_true(fake_upstream_wait_requests(crowd->rig->upstream, first + CALLS));
        fake_upstream_release(crowd->rig->upstream, FAKE_ALL);
        for (int i = 0; i < CALLS; i++) {
            SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(crowd->calls[i]);
            assert_own_answer(crowd, i, &reply, first);
        }
        assert_int_equal(fake_upstream_request_count(crowd->rig->upstream), first + CALLS);
    }
}

static void calls_answered_as_they_come_get_their_own_answers(void **state)
{
    struct crowd *crowd = *state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t first = fake_upstream_request_count(crowd->rig->upstream);
        given_numbered_answers(crowd, false);
        start_all(crowd);
        for (int i = 0; i < CALLS; i++) {
            SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(crowd->calls[i]);
            assert_own_answer(crowd, i, &reply, first);
        }
    }
}

static void cancelled_calls_do_not_disturb_the_others(void **state)
{
    struct crowd *crowd = *state;
    size_t first = fake_upstream_request_count(crowd->rig->upstream);
    given_numbered_answers(crowd, true);
    start_all(crowd);
    assert_true(fake_upstream_wait_requests(crowd->rig->upstream, first + CALLS));
    for (int i = 0; i < CALLS; i += 3)
        grpc_raw_cancel(crowd->calls[i]);
    fake_upstream_release(crowd->rig->upstream, FAKE_ALL);
    for (int i = 0; i < CALLS; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(crowd->calls[i]);
        if (i % 3 == 0)
            assert_int_equal(reply.code, RPC_CANCELLED);
        else
            assert_own_answer(crowd, i, &reply, first);
    }
}

static void a_server_that_dies_fails_all_its_calls_at_once(void **state)
{
    struct crowd *crowd = *state;
    size_t first = fake_upstream_request_count(crowd->rig->upstream);
    given_numbered_answers(crowd, true);
    start_all(crowd);
    assert_true(fake_upstream_wait_requests(crowd->rig->upstream, first + CALLS));
    fake_upstream_stop_listening(crowd->rig->upstream); /* nothing can be asked again */
    fake_upstream_hang_up(crowd->rig->upstream);
    for (int i = 0; i < CALLS; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(crowd->calls[i]);
        assert_int_equal(reply.code, RPC_UNAVAILABLE);
    }
    assert_int_equal(fake_upstream_request_count(crowd->rig->upstream), first + CALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_hundred_calls_in_flight_get_their_own_answers,
                                        given_a_crowd, end),
        cmocka_unit_test_setup_teardown(calls_answered_as_they_come_get_their_own_answers,
                                        given_a_crowd, end),
        cmocka_unit_test_setup_teardown(cancelled_calls_do_not_disturb_the_others, given_a_crowd,
                                        end),
        cmocka_unit_test_setup_teardown(a_server_that_dies_fails_all_its_calls_at_once,
                                        given_a_crowd, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

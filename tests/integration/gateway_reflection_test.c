/* Server reflection as a client sees it: both versions, one question after the other on a stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/env/env.h"
#include "tests/support/gateway_rig.h"

#define V1       "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
#define V1_ALPHA "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

/* Field numbers of ServerReflectionRequest and of the answers in ServerReflectionResponse. */
enum { ASK_FILE = 3, ASK_SYMBOL = 4, ASK_SERVICES = 7 };
enum { FOUND_FILES = 4, FOUND_SERVICES = 6, FOUND_ERROR = 7 };

static const char *const paths[] = { V1, V1_ALPHA };

/* ---- Helpers ------------------------------------------------------------------------------- */

static struct grpc_raw_call *open_stream(struct gateway_rig *rig, const char *path)
{
    return grpc_raw_open(rig->channel,
                         &(struct grpc_raw_request){ .path = path, .no_message = true });
}

static void send(struct gateway_rig *rig, struct grpc_raw_call *call, unsigned what,
                 const char *text)
{
    grpc_raw_write(call, wire_field(&rig->memory, what, text_of(text)));
}

/* Asks and reads: the answer must be of that kind and hold that text. */
static void assert_answer(struct gateway_rig *rig, struct grpc_raw_call *call, unsigned what,
                          const char *text, unsigned found, const char *holds)
{
    struct text answer;
    send(rig, call, what, text);
    if (!grpc_raw_read(call, &answer))
        fail_msg("%s: the stream has ended", text);
    /* The host, which is empty, the question, then what was found. */
    struct text question =
        wire_and(&rig->memory, TEXT("\x0a\x00"), 2, wire_field(&rig->memory, what, text_of(text)));
    assert_true(text_starts_with(answer, question));
    if ((uint8_t)answer.data[question.len] != (found << 3 | 2))
        fail_msg("%s: not answered by field %u", text, found);
    if (memmem(answer.data, answer.len, holds, strlen(holds)) == NULL)
        fail_msg("%s: the answer does not hold %s", text, holds);
}

static void assert_ended(struct grpc_raw_call *call, enum rpc_code code)
{
    struct text message;
    assert_false(grpc_raw_read(call, &message));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
    if (end.code != (int)code)
        fail_msg("%s: %s", rpc_code_name((enum rpc_code)end.code), end.message);
}

/* ---- Questions ----------------------------------------------------------------------------- */

static void a_stream_answers_one_question_after_the_other(void **state)
{
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct grpc_raw_call *call = open_stream(rig, paths[i]);
        assert_answer(rig, call, ASK_SERVICES, "", FOUND_SERVICES, "hypeman.v1.SnapshotService");
        assert_answer(rig, call, ASK_SERVICES, "*", FOUND_SERVICES, "grpc.health.v1.Health");
        assert_answer(rig, call, ASK_SYMBOL, "hypeman.v1.InstanceService", FOUND_FILES,
                      "hypeman/v1/instance_service.proto");
        assert_answer(rig, call, ASK_SYMBOL, "hypeman.v1.Nope", FOUND_ERROR, "hypeman.v1.Nope");
        assert_answer(rig, call, ASK_FILE, "grpc/health/v1/health.proto", FOUND_FILES,
                      "HealthCheckRequest");
        grpc_raw_half_close(call);
        assert_ended(call, RPC_OK);
    }
    assert_int_equal(fake_upstream_request_count(rig->upstream), 0);
}

static void what_is_no_question_ends_the_stream(void **state)
{
    struct gateway_rig *rig = *state;
    struct grpc_raw_call *call = open_stream(rig, V1);
    assert_answer(rig, call, ASK_SERVICES, "", FOUND_SERVICES, "hypeman.v1.SnapshotService");
    grpc_raw_write(call, TEXT("\x1a\x05x"));
    assert_ended(call, RPC_INVALID_ARGUMENT);
}

static void a_stream_without_a_question_is_fine(void **state)
{
    struct gateway_rig *rig = *state;
    struct grpc_raw_call *call = open_stream(rig, V1);
    grpc_raw_half_close(call);
    assert_ended(call, RPC_OK);
}

static void another_api_is_described_beside_our_own_services(void **state)
{
    (void)state;
    const char *const flags[] = { "--descriptor-set", TREE_DESCRIPTOR_SET, NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *call = open_stream(rig, V1);
    assert_answer(rig, call, ASK_SERVICES, "", FOUND_SERVICES, "tree.v1.TreeService");
    assert_answer(rig, call, ASK_SYMBOL, "tree.v1.TreeService.PutNode", FOUND_FILES, "tree.proto");
    assert_answer(rig, call, ASK_SYMBOL, "grpc.health.v1.Health", FOUND_FILES, "health.proto");
    assert_answer(rig, call, ASK_SYMBOL, "google.rpc.ErrorInfo", FOUND_FILES,
                  "error_details.proto"); /* what tools read the details of errors with */
    assert_answer(rig, call, ASK_SYMBOL, "hypeman.v1.Snapshot", FOUND_ERROR, "no file declares");
    grpc_raw_half_close(call);
    assert_ended(call, RPC_OK);
    gateway_rig_stop(rig);
}

/* ---- Bounds -------------------------------------------------------------------------------- */

static void open_streams_are_counted(void **state)
{
    struct gateway_rig *rig = *state;
    enum { MOST = 100 };
    struct grpc_raw_call *calls[MOST];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MOST; i++) {
            calls[i] = open_stream(rig, paths[i % 2]);
            assert_answer(rig, calls[i], ASK_SERVICES, "", FOUND_SERVICES, "hypeman.v1");
        }
        assert_ended(open_stream(rig, V1), RPC_RESOURCE_EXHAUSTED);
        for (int i = 0; i < MOST; i++) {
            grpc_raw_half_close(calls[i]);
            assert_ended(calls[i], RPC_OK);
        }
    }
}

/* Answers of 50 KB and more to questions of 40 bytes: 25 MB, if they were made before they are
 * read. */
static void a_client_that_asks_and_does_not_read_costs_one_answer(void **state)
{
    struct gateway_rig *rig = *state;
    enum { QUESTIONS = 500, GROWTH_MAX = 6 << 20 };
    struct text answer;
    struct grpc_raw_call *call = open_stream(rig, V1);
    assert_answer(rig, call, ASK_FILE, "hypeman/v1/instance_service.proto", FOUND_FILES, "hypeman");
    size_t before = program_memory_bytes(&rig->program);
    for (int i = 0; i < QUESTIONS; i++)
        send(rig, call, ASK_FILE, "hypeman/v1/instance_service.proto");
    /* Other calls are answered meanwhile, after the questions on the same connection. */
    gateway_rig_assert_serves(rig);
    size_t after = program_memory_bytes(&rig->program);
    for (int i = 0; i < QUESTIONS; i++)
        assert_true(grpc_raw_read(call, &answer));
    grpc_raw_half_close(call);
    assert_ended(call, RPC_OK);
    print_message("grew by %zu KiB\n", after > before ? (after - before) >> 10 : 0);
    if (!HAS_SHADOW_MEMORY && !KEEPS_FREED_MEMORY)
        assert_true(after < before + GROWTH_MAX);
}

static void a_signal_ends_open_streams(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    struct grpc_raw_call *calls[] = { open_stream(rig, V1), open_stream(rig, V1_ALPHA) };
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_answer(rig, calls[i], ASK_SERVICES, "", FOUND_SERVICES, "hypeman.v1");
    int64_t signalled_ns = monotonic_now_ns();
    kill(rig->program.pid, SIGTERM);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        assert_ended(calls[i], RPC_UNAVAILABLE);
    assert_int_equal(program_wait(&rig->program), 0);
    assert_in_range((monotonic_now_ns() - signalled_ns) / NS_PER_MS, 0, 5000);
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_answers_one_question_after_the_other),
        cmocka_unit_test(what_is_no_question_ends_the_stream),
        cmocka_unit_test(a_stream_without_a_question_is_fine),
        cmocka_unit_test(another_api_is_described_beside_our_own_services),
        cmocka_unit_test(open_streams_are_counted),
        cmocka_unit_test(a_client_that_asks_and_does_not_read_costs_one_answer),
        cmocka_unit_test(a_signal_ends_open_streams),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}

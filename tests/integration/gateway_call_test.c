/* `hypeman-gateway call` as a person at a shell meets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/gateway_rig.h"

/* ---- Helpers ------------------------------------------------------------------------------- */

/* What a run of the command left. */
struct run {
    int status;
    char output[4096];
    char errors[4096];
};

/* Runs the command with its standard output in memory. */
static struct run run_call(const char *const *arguments)
{
    struct run run = { 0 };
    struct program program;
    const char *all[24] = { "call" };
    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert_true(i + 2 < ARRAY_LEN(all));
        all[i + 1] = arguments[i];
    }
    int memory = memfd_create("output", MFD_CLOEXEC);
    assert_true(memory >= 0);
    assert_true(program_spawn_to(&program, "hypeman-gateway", all, memory));

    run.status = program_wait(&program);
    (void)snprintf(run.errors, sizeof run.errors, "%s", program.output);
    program_free(&program);
    assert_true(pread(memory, run.output, sizeof run.output - 1, 0) >= 0);
    close(memory);
    return run;
}

static void assert_run(const struct run *run, int status, const char *output, const char *errors)
{
    if (run->status != status || strcmp(run->output, output) != 0 ||
        strstr(run->errors, errors) == NULL)
        fail_msg("expected status %d, output %s and \"%s\"; got %d, %s and %s", status, output,
                 errors, run->status, run->output, run->errors);
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void a_reply_is_printed_as_json(void **state)
{
    struct gateway_rig *rig = *state;
    size_t before = fake_upstream_request_count(rig->upstream);
    fake_upstream_answer(rig->upstream, 200,
                         "{\"id\":\"s1\",\"size_bytes\":9007199254740993,\"kind\":\"Standby\","
                         "\"tags\":{\"a\":\"\xC3\xA9\"},\"name\":null}");
    struct run run = run_call(
        (const char *[]){ "--to", rig->target, "--method", "hypeman.v1.SnapshotService/GetSnapshot",
                          "--data", "{\"snapshot_id\":\"s1\"}", "--token", "t0ken", NULL });
    assert_run(&run, 0,
               "{\"id\":\"s1\",\"kind\":\"Standby\",\"tags\":{\"a\":\"\xC3\xA9\"},"
               "\"size_bytes\":9007199254740993}\n",
               "");
    assert_string_equal(run.errors, "");
    assert_int_equal(fake_upstream_request_count(rig->upstream), before + 1);
    struct text request = fake_upstream_request(rig->upstream, before).bytes;
    assert_true(text_starts_with(request, TEXT("GET /snapshots/s1 HTTP/1.1\r\n")));
    assert_non_null(strstr(request.data, "\r\nAuthorization: Bearer t0ken\r\n"));
}

static void a_reply_may_be_as_large_as_the_gateway_makes_them(void **state)
{
    enum { NAME_BYTES = 5 << 20 }; /* above C-core's own limit for clients */
    struct gateway_rig *rig = *state;
    char *name = arena_alloc(&rig->memory, NAME_BYTES + 1);
    assert_non_null(name);
    memset(name, 'n', NAME_BYTES);
    name[NAME_BYTES] = '\0';
    fake_upstream_answer(rig->upstream, 200, arena_printf(&rig->memory, "{\"name\":\"%s\"}", name));
    struct run run = run_call((const char *[]){ "--to", rig->target, "--method",
                                                "hypeman.v1.SnapshotService/GetSnapshot", "--data",
                                                "{\"snapshot_id\":\"s1\"}", NULL });
    assert_string_equal(run.errors, "");
    assert_int_equal(run.status, 0);
}

static void an_empty_reply_is_printed_as_an_empty_object(void **state)
{
    struct gateway_rig *rig = *state;
    fake_upstream_reply(rig->upstream,
                        (struct fake_reply){ .bytes = "HTTP/1.1 204 No Content\r\n\r\n" });
    struct run run = run_call((const char *[]){ "--to", rig->target, "--method",
                                                "hypeman.v1.SnapshotService/DeleteSnapshot",
                                                "--data", "{\"snapshot_id\":\"s1\"}", NULL });
    assert_run(&run, 0, "{}\n", "");
}

static void each_message_of_a_stream_is_a_line(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *errors;
    } cases[] = {
        { "data: \"a\"\n\n:\n\ndata: \"b\"\n\n", 0, "" },
        { "data: \"a\"\n\ndata: \"b\"\n\ndata: \"c", 64 + RPC_UNAVAILABLE,
          "UNAVAILABLE: hypeman.v1.InstanceService.StreamLogs: the stream ends inside an event" },
    };
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_reply(rig->upstream,
                            http_answer(&rig->memory, 200, "Content-Type: text/event-stream\r\n",
                                        text_of(cases[i].body)));
        struct run run = run_call((const char *[]){ "--to", rig->target, "--method",
                                                    "hypeman.v1.InstanceService/StreamLogs",
                                                    "--data", "{\"instance_id\":\"i1\"}", NULL });
        assert_run(&run, cases[i].status, "{\"line\":\"a\"}\n{\"line\":\"b\"}\n", cases[i].errors);
    }
}

static void a_mistake_is_explained_before_anything_is_sent(void **state)
{
    const char *const get = "hypeman.v1.SnapshotService/GetSnapshot";
    const char *const create = "hypeman.v1.SnapshotService/CreateSnapshot";
    const struct {
        const char *method;
        const char *data;
        const char *says;
    } cases[] = {
        { "hypeman.v1.SnapshotService/GetSnapshots", "{}",
          "did you mean hypeman.v1.SnapshotService/GetSnapshot?" },
        { "hypeman.v1.SnapshotService.GetSnapshot", "{}",
          "did you mean hypeman.v1.SnapshotService/GetSnapshot?" },
        { "nothing/like/it", "{}", "nothing/like/it" },
        { "", "{}", "--method" },
        { get, "snapshot_id=s1", "--data" },
        { get, "{\"snapshot_id\":\"s1\"", "--data" },
        { get, "[]", "--data" },
        { get, "{\"snapshot_id\":7}", "snapshot_id" },
        { get, "{\"snapshot_ids\":\"s1\"}", "hypeman.v1.GetSnapshotRequest" },
        { create, "{\"kind\":\"Frozen\"}", "kind=Frozen" },
        { create, "{\"compression\":{\"level\":\"high\"}}", "level" },
    };
    struct gateway_rig *rig = *state;
    size_t before = fake_upstream_request_count(rig->upstream);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct run run = run_call((const char *[]){
            "--to", rig->target, "--method", cases[i].method, "--data", cases[i].data, NULL });
        assert_run(&run, 2, "", cases[i].says);
    }
    struct run without = run_call((const char *[]){ "--to", rig->target, NULL });
    assert_run(&without, 2, "", "--method");
    struct run timeout = run_call(
        (const char *[]){ "--to", rig->target, "--method", get, "--timeout", "soon", NULL });
    assert_run(&timeout, 2, "", "--timeout");
    struct run flag = run_call((const char *[]){ "--metod", get, NULL });
    assert_run(&flag, 2, "", "--method");
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
}

static void an_error_is_printed_with_its_details_and_code(void **state)
{
    struct gateway_rig *rig = *state;
    const struct {
        int status;
        const char *body;
        enum rpc_code code;
        const char *says;
    } cases[] = {
        { 404, "{\"code\":\"not_found\",\"message\":\"no such snapshot\"}", RPC_NOT_FOUND,
          "NOT_FOUND: no such snapshot (reason not_found, domain hypeman, http_status 404, method "
          "hypeman.v1.SnapshotService.GetSnapshot)\n" },
        { 401, "{\"code\":\"unauthorized\",\"message\":\"who?\"}", RPC_UNAUTHENTICATED,
          "UNAUTHENTICATED: who? (reason unauthorized, " },
        { 500, "", RPC_INTERNAL, "INTERNAL: upstream answered 500" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_upstream_answer(rig->upstream, cases[i].status, cases[i].body);
        struct run run = run_call((const char *[]){ "--to", rig->target, "--method",
                                                    "hypeman.v1.SnapshotService/GetSnapshot",
                                                    "--data", "{\"snapshot_id\":\"s1\"}", NULL });
        assert_run(&run, 64 + (int)cases[i].code, "", cases[i].says);
    }
}

static void a_server_that_is_not_there_is_an_error_like_any_other(void **state)
{
    (void)state;
    struct fake_upstream *nobody = fake_upstream_new(); /* keeps its port to itself */
    char target[64];
    (void)snprintf(target, sizeof target, "127.0.0.1:%d", fake_upstream_port(nobody));
    fake_upstream_stop_listening(nobody);
    struct run run = run_call((const char *[]){ "--to", target, "--method",
                                                "hypeman.v1.SnapshotService/ListSnapshots", NULL });
    assert_run(&run, 64 + RPC_UNAVAILABLE, "", "UNAVAILABLE: ");
    fake_upstream_free(nobody);
}

static void a_timeout_ends_the_call(void **state)
{
    struct gateway_rig *rig = *state;
    fake_upstream_reply(rig->upstream, (struct fake_reply){ .hold = true });
    struct run run = run_call((const char *[]){ "--to", rig->target, "--method",
                                                "hypeman.v1.SnapshotService/ListSnapshots",
                                                "--timeout", "100ms", NULL });
    assert_run(&run, 64 + RPC_DEADLINE_EXCEEDED, "", "DEADLINE_EXCEEDED: ");
}

static void a_token_that_no_header_can_carry_is_not_sent(void **state)
{
    struct gateway_rig *rig = *state;
    size_t before = fake_upstream_request_count(rig->upstream);
    struct run run = run_call((const char *[]){ "--to", rig->target, "--method",
                                                "hypeman.v1.SnapshotService/ListSnapshots",
                                                "--token", "sec\nret", NULL });
    assert_run(&run, 1, "", "token");
    assert_null(strstr(run.errors, "sec\nret"));
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
}

static void another_api_can_be_called(void **state)
{
    (void)state;
    const char *flags[] = { "--descriptor-set", TREE_DESCRIPTOR_SET, NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    fake_upstream_answer(rig->upstream, 200, "{\"id\":\"a\",\"child\":{\"id\":\"b\"}}");
    struct run run = run_call((const char *[]){
        "--to", rig->target, "--descriptor-set", TREE_DESCRIPTOR_SET, "--method",
        "tree.v1.TreeService/PutNode", "--data", "{\"id\":\"a\",\"child\":{\"id\":\"b\"}}", NULL });
    assert_run(&run, 0, "{\"id\":\"a\",\"child\":{\"id\":\"b\"}}\n", "");
    gateway_rig_stop(rig);
}

static void help_names_the_flags(void **state)
{
    (void)state;
    struct run run = run_call((const char *[]){ "--help", NULL });
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.output, "hypeman-gateway call"));
    assert_non_null(strstr(run.output, "--method"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_printed_as_json),
        cmocka_unit_test(a_reply_may_be_as_large_as_the_gateway_makes_them),
        cmocka_unit_test(an_empty_reply_is_printed_as_an_empty_object),
        cmocka_unit_test(each_message_of_a_stream_is_a_line),
        cmocka_unit_test(a_mistake_is_explained_before_anything_is_sent),
        cmocka_unit_test(an_error_is_printed_with_its_details_and_code),
        cmocka_unit_test(a_server_that_is_not_there_is_an_error_like_any_other),
        cmocka_unit_test(a_timeout_ends_the_call),
        cmocka_unit_test(a_token_that_no_header_can_carry_is_not_sent),
        cmocka_unit_test(another_api_can_be_called),
        cmocka_unit_test(help_names_the_flags),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}

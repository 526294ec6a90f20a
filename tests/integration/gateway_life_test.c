/* The program from its start to its end: what it says when it cannot start, how it stops, the mock
 * it starts for itself, and the limit on calls in flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/env/env.h"
#include "tests/support/gateway_rig.h"
#include "tests/support/h2_frames.h"
#include "tests/support/http_client.h"

static const struct text one_id = TEXT("\n\2s1");

/* ---- Helpers ------------------------------------------------------------------------------- */

/* The program ends by itself with that status and says these words. */
static void assert_ends(const char *const *arguments, int status, const char *says)
{
    struct program program;
    assert_true(program_spawn(&program, "hypeman-gateway", arguments));
    int ended = program_wait(&program);
    if (ended != status || strstr(program.output, says) == NULL)
        fail_msg("expected status %d and \"%s\", got %d: %s", status, says, ended, program.output);
    program_free(&program);
}

static bool accepts_connections(const struct gateway_rig *rig)
{
    const char *colon = strchr(rig->target, ':');
    uint64_t port = 0;
    assert_non_null(colon);
    assert_true(text_parse_u64(text_of(colon + 1), &port));
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    bool accepted = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return accepted;
}

/* The one process that the gateway has started. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    int child = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &child), 1);
    (void)fclose(file);
    return child;
}

/* A handle on a process that is not our child; tells its end. */
static int watch_process(pid_t pid)
{
    int fd = pidfd_open(pid, 0);
    assert_true(fd >= 0);
    return fd;
}

static void assert_process_ends(int watched)
{
    struct pollfd ended = { .fd = watched, .events = POLLIN };
    assert_int_equal(poll(&ended, 1, 10000), 1);
    close(watched);
}

/* A path in the folder of the programs, which is on the same file system as they are. */
static void path_beside_programs(char *out, size_t size, const char *name)
{
    const char *folder = getenv("TESTKIT_BIN");
    assert_non_null(folder);
    assert_true((size_t)snprintf(out, size, "%s/%s", folder, name) < size);
}

static bool has_mock(void)
{
    char path[4096];
    path_beside_programs(path, sizeof path, "hypeman-mock");
    return access(path, X_OK) == 0;
}

/* ---- Start --------------------------------------------------------------------------------- */

static void a_mistake_on_the_command_line_is_explained(void **state)
{
    (void)state;
    const struct {
        const char *arguments[5];
        const char *says;
    } cases[] = {
        { { "--lisen", "127.0.0.1:0" }, "--listen" },
        { { "--nonsense" }, "--nonsense" },
        { { "--listen" }, "--listen" },
        { { "--listen", "nowhere" }, "--listen" },
        { { "--listen", "127.0.0.1:99999" }, "--listen" },
        { { "--timeout", "soon" }, "--timeout" },
        { { "--timeout", "0s" }, "--timeout" },
        { { "--max-inflight", "0" }, "--max-inflight" },
        { { "--max-inflight", "many" }, "--max-inflight" },
        { { "--workers", "0" }, "--workers" },
        { { "--workers", "65" }, "--workers" },
        { { "--log", "loud" }, "--log" },
        { { "--forward-metadata", "X-Tenant" }, "--forward-metadata" },
        { { "--forward-metadata", "grpc-timeout" }, "belongs to gRPC" },
        { { "--return-headers", "+connection" }, "--return-headers" },
        { { "--probe", "health" }, "--probe" },
        { { "--probe", "/a b" }, "--probe" },
        { { "--probe", "" }, "--probe" },
        { { "--probe-period", "1ms" }, "--probe-period" },
        { { "--probe-failures", "0" }, "--probe-failures" },
        { { "--drain-delay", "soon" }, "--drain-delay" },
        { { "--ready-fd", "-1" }, "--ready-fd" },
        { { "--ready-fd", "999" }, "--ready-fd" },
        { { "stray" }, "stray" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_ends(cases[i].arguments, 2, cases[i].says);
}

static void help_and_version_are_no_mistakes(void **state)
{
    (void)state;
    assert_ends((const char *[]){ "--help", NULL }, 0, "");
    assert_ends((const char *[]){ "--version", NULL }, 0, "");
}

static void what_cannot_be_served_stops_the_start(void **state)
{
    (void)state;
    const struct {
        const char *flag;
        const char *value;
        const char *says;
    } cases[] = {
        { "--descriptor-set", "no/such/file.pb", "no/such/file.pb" },
        { "--descriptor-set", "/proc/self/cmdline", "/proc/self/cmdline" },
        { "--descriptor-set", "/dev/null", "/dev/null" },
        { "--upstream-token-file", "no/such/token", "no/such/token" },
        { "--upstream-ca", "no/such/ca.pem", "no/such/ca.pem" },
        { "--upstream", "ftp://127.0.0.1", "--upstream" },
        { "--upstream", "127.0.0.1:80", "--upstream" },
        { "--upstream", "", "upstream" },
        { "--ready-file", "no/such/folder/ready", "no/such/folder/ready" },
        { "--listen", "192.0.2.1:0", "cannot listen on 192.0.2.1:0" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].value[0] == '\0' && has_mock())
            continue; /* an empty value is none, so a mock is started */
        const char *arguments[] = { "--listen",    "127.0.0.1:0",
                                    "--upstream",  "http://127.0.0.1:1",
                                    cases[i].flag, cases[i].value,
                                    NULL };
        assert_ends(arguments, 1, cases[i].says);
    }
}

static void an_address_that_is_taken_stops_the_start(void **state)
{
    struct gateway_rig *rig = *state;
    const char *arguments[] = { "--listen", rig->target, "--upstream", "http://127.0.0.1:1", NULL };
    const char *says = arena_printf(&rig->memory, "cannot listen on %s", rig->target);
    assert_ends(arguments, 1, says);
    assert_ends(arguments, 1, "--listen 127.0.0.1:0");
    gateway_rig_assert_serves(rig); /* the first one lives on */
}

static void without_a_mock_beside_it_the_start_says_what_to_do(void **state)
{
    (void)state;
    char folder[4096];
    char from[4096];
    char to[4096];
    path_beside_programs(from, sizeof from, "hypeman-gateway");
    path_beside_programs(folder, sizeof folder, "alone-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_true((size_t)snprintf(to, sizeof to, "%s/hypeman-gateway", folder) < sizeof to);
    assert_int_equal(link(from, to), 0);

    const char *name = strrchr(folder, '/') + 1;
    char program_name[64];
    struct program program;
    (void)snprintf(program_name, sizeof program_name, "%.30s/hypeman-gateway", name);
    const char *arguments[] = { "--listen", "127.0.0.1:0", NULL };
    assert_true(program_spawn(&program, program_name, arguments));
    int status = program_wait(&program);
    unlink(to);
    rmdir(folder);
    assert_int_equal(status, 1);
    assert_non_null(strstr(program.output, "hypeman-mock"));
    assert_non_null(strstr(program.output, "--upstream http://HOST:PORT"));
    program_free(&program);
}

static void the_ready_file_says_where_it_serves(void **state)
{
    (void)state;
    char path[] = "/tmp/gateway-ready-XXXXXX";
    char line[1024] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const char *flags[] = { "--ready-file", path, NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    FILE *file = fopen(path, "re"); /* another one by now: it was renamed into place */
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    unlink(path);
    assert_non_null(strstr(line, "\"program\":\"hypeman-gateway\""));
    assert_non_null(strstr(line, arena_printf(&rig->memory, "\"pid\":%d", (int)rig->program.pid)));
    assert_non_null(strstr(line, arena_printf(&rig->memory, "\"urls\":[\"grpc://%s\",\"%s\"",
                                              rig->target, fake_upstream_url(rig->upstream))));
    gateway_rig_stop(rig);
}

static void another_api_can_be_served(void **state)
{
    (void)state;
    const char *flags[] = { "--descriptor-set", TREE_DESCRIPTOR_SET, NULL };
    const struct {
        const char *path;
        enum rpc_code code;
    } cases[] = {
        { "/tree.v1.TreeService/PutNode", RPC_OK },
        { "/tree.v1.TreeService/CutNode", RPC_UNIMPLEMENTED }, /* has no rule */
        { "/hypeman.v1.SnapshotService/GetSnapshot", RPC_UNIMPLEMENTED },
    };
    struct gateway_rig *rig = gateway_rig_start(flags);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = grpc_raw_run(
            rig->channel, &(struct grpc_raw_request){ .path = cases[i].path, .message = one_id });
        if (reply.code != (int)cases[i].code)
            fail_msg("%s: %s", cases[i].path, reply.message);
    }
    assert_int_equal(fake_upstream_request_count(rig->upstream), 1);
    assert_true(text_starts_with(fake_upstream_request(rig->upstream, 0).bytes,
                                 TEXT("PUT /nodes/s1 HTTP/1.1\r\n")));
    gateway_rig_stop(rig);
}

/* ---- Stop ---------------------------------------------------------------------------------- */

static void a_signal_lets_the_calls_in_flight_finish(void **state)
{
    (void)state;
    const int signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        enum { CALLS = 20 };
        struct grpc_raw_call *calls[CALLS];
        struct gateway_rig *rig = gateway_rig_start(NULL);
        fake_upstream_otherwise(
            rig->upstream,
            (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                                 .hold = true });
        for (size_t c = 0; c < CALLS; c++)
            calls[c] = gateway_rig_begin(rig, "SnapshotService/CreateSnapshot", one_id);
        assert_true(fake_upstream_wait_requests(rig->upstream, CALLS));

        kill(rig->program.pid, signals[i]);
        int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
        while (accepts_connections(rig) && monotonic_now_ns() < until_ns)
            continue;
        assert_false(accepts_connections(rig));
        fake_upstream_release(rig->upstream, FAKE_ALL);
        for (size_t c = 0; c < CALLS; c++) {
            SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(calls[c]);
            if (reply.code != RPC_OK)
                fail_msg("%s: %s", rpc_code_name((enum rpc_code)reply.code), reply.message);
        }
        assert_int_equal(program_wait(&rig->program), 0);
        gateway_rig_stop(rig);
    }
}

static void a_second_signal_does_no_harm(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    gateway_rig_assert_serves(rig);
    kill(rig->program.pid, SIGTERM);
    kill(rig->program.pid, SIGTERM);
    kill(rig->program.pid, SIGINT);
    assert_int_equal(program_wait(&rig->program), 0);
    gateway_rig_stop(rig);
}

/* Calls of ListSnapshots on one connection, all but the first reset as soon as they are made. */
static void append_abandoned_calls(struct buffer *out, uint32_t count)
{
    struct buffer head = buffer_capped(255);
    h2_append_field(&head, ":method", "POST");
    h2_append_field(&head, ":scheme", "http");
    h2_append_field(&head, ":path", "/hypeman.v1.SnapshotService/ListSnapshots");
    h2_append_field(&head, ":authority", "x");
    h2_append_field(&head, "content-type", "application/grpc");
    h2_append_field(&head, "te", "trailers");
    h2_append_greeting(out);
    for (uint32_t stream = 1; stream < 2 * count; stream += 2) {
        h2_append_frame(out, H2_HEADERS, H2_END_HEADERS, stream, buffer_text(&head));
        h2_append_frame(out, H2_DATA, H2_END_STREAM, stream, TEXT("\0\0\0\0\0"));
        if (stream > 1)
            h2_append_frame(out, H2_RST_STREAM, 0, stream, TEXT("\0\0\0\x08"));
    }
    buffer_fini(&head);
}

/* Once their connection is gone C-core counts itself shut down, though the calls are still on their
 * way through our queues. */
static void a_signal_after_a_flood_of_abandoned_calls_is_obeyed(void **state)
{
    (void)state;
    enum { ROUNDS = 10, CALLS = 3000 };
    struct buffer flood = buffer_capped(1024 * 1024);
    append_abandoned_calls(&flood, CALLS);
    for (int round = 0; round < ROUNDS; round++) {
        struct gateway_rig *rig = gateway_rig_start(NULL);
        struct http_client client;
        fake_upstream_otherwise(rig->upstream, (struct fake_reply){ .bytes = "", .hold = true });
        assert_true(
            http_client_open(&client, arena_printf(&rig->memory, "http://%s", rig->target)));
        assert_true(http_client_send(&client, flood.data, flood.len));
        assert_true(fake_upstream_wait_requests(rig->upstream, 1));
        http_client_close(&client);
        gateway_rig_stop(rig);
    }
    buffer_fini(&flood);
}

/* ---- The mock of its own ------------------------------------------------------------------- */

static void assert_lists_snapshots(struct gateway_rig *rig)
{
    const struct grpc_raw_header token = { TEXT("authorization"), TEXT("Bearer any") };
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        grpc_raw_run(rig->channel, &(struct grpc_raw_request){
                                       .path = "/hypeman.v1.SnapshotService/ListSnapshots",
                                       .headers = &token,
                                       .header_count = 1,
                                   });
    if (reply.code != RPC_OK)
        fail_msg("%s: %s", rpc_code_name((enum rpc_code)reply.code), reply.message);
}

static void without_an_upstream_it_starts_a_mock_which_ends_with_it(void **state)
{
    (void)state;
    const int signals[] = { SIGTERM, SIGKILL };
    if (!has_mock())
        skip();
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct gateway_rig *rig = gateway_rig_start_alone(NULL);
        assert_int_equal(rig->program.url_count, 2);
        assert_lists_snapshots(rig);
        int mock = watch_process(child_of(rig->program.pid));
        int status = program_stop(&rig->program, signals[i]);
        assert_int_equal(status, signals[i] == SIGKILL ? 128 + SIGKILL : 0);
        assert_process_ends(mock);
        gateway_rig_stop(rig);
    }
}

static void it_does_not_serve_on_without_its_mock(void **state)
{
    (void)state;
    if (!has_mock())
        skip();
    struct gateway_rig *rig = gateway_rig_start_alone(NULL);
    kill(child_of(rig->program.pid), SIGKILL);
    assert_int_equal(program_wait(&rig->program), 1);
    assert_non_null(strstr(rig->program.output, "hypeman-mock I started has ended"));
    gateway_rig_stop(rig);
}

/* ---- Calls in flight ----------------------------------------------------------------------- */

static void calls_beyond_the_limit_are_refused_at_once(void **state)
{
    (void)state;
    const char *flags[] = { "--max-inflight", "2", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *served[2];
    struct gateway_details details;
    fake_upstream_otherwise(
        rig->upstream,
        (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                             .hold = true });
    for (size_t i = 0; i < ARRAY_LEN(served); i++)
        served[i] = gateway_rig_begin(rig, "SnapshotService/GetSnapshot", one_id);
    assert_true(fake_upstream_wait_requests(rig->upstream, ARRAY_LEN(served)));

    int64_t best_ms = INT64_MAX;
    for (int i = 0; i < 20; i++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply refused =
            gateway_rig_call(rig, "SnapshotService/CreateSnapshot", one_id);
        assert_int_equal(refused.code, RPC_RESOURCE_EXHAUSTED);
        assert_non_null(strstr(refused.message, "--max-inflight"));
        assert_true(gateway_details_read(&refused, &rig->memory, &details));
        assert_string_equal(details.domain, "hypeman-gateway");
        best_ms = refused.elapsed_ms < best_ms ? refused.elapsed_ms : best_ms;
    }
    assert_in_range(best_ms, 0, 9);
    assert_int_equal(fake_upstream_request_count(rig->upstream), ARRAY_LEN(served));

    fake_upstream_otherwise(rig->upstream, http_answer(&rig->memory, 200, "", TEXT("{}")));
    fake_upstream_release(rig->upstream, FAKE_ALL);
    for (size_t i = 0; i < ARRAY_LEN(served); i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(served[i]);
        assert_int_equal(reply.code, RPC_OK);
    }
    /* A call still counts for a moment after its caller has the reply. */
    int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    int code = RPC_RESOURCE_EXHAUSTED;
    while (code == RPC_RESOURCE_EXHAUSTED && monotonic_now_ns() < until_ns) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
        code = reply.code;
    }
    assert_int_equal(code, RPC_OK);
    gateway_rig_stop(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_on_the_command_line_is_explained),
        cmocka_unit_test(help_and_version_are_no_mistakes),
        cmocka_unit_test(what_cannot_be_served_stops_the_start),
        cmocka_unit_test(an_address_that_is_taken_stops_the_start),
        cmocka_unit_test(without_a_mock_beside_it_the_start_says_what_to_do),
        cmocka_unit_test(the_ready_file_says_where_it_serves),
        cmocka_unit_test(another_api_can_be_served),
        cmocka_unit_test(a_signal_lets_the_calls_in_flight_finish),
        cmocka_unit_test(a_second_signal_does_no_harm),
        cmocka_unit_test(a_signal_after_a_flood_of_abandoned_calls_is_obeyed),
        cmocka_unit_test(without_an_upstream_it_starts_a_mock_which_ends_with_it),
        cmocka_unit_test(it_does_not_serve_on_without_its_mock),
        cmocka_unit_test(calls_beyond_the_limit_are_refused_at_once),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}

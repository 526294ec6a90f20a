/* Too many calls, too many connections, too few descriptors, a listener that is lost, and the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/env/env.h"
#include "tests/support/gateway_rig.h"
#include "tests/support/h2_frames.h"
#include "tests/support/http_client.h"

static const struct text one_id = TEXT("\n\2s1");

/* AddressSanitizer keeps what was freed for a while, so memory grows under it. */
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_TELLS 0
#elif defined(__has_feature)
#define MEMORY_TELLS (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define MEMORY_TELLS 1
#endif

/* ---- Helpers ------------------------------------------------------------------------------- */

static const char *grpc_url(struct gateway_rig *rig)
{
    const char *url = arena_printf(&rig->memory, "http://%s", rig->target);
    assert_non_null(url);
    return url;
}

static void hold_answers(struct gateway_rig *rig)
{
    fake_upstream_otherwise(
        rig->upstream,
        (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                             .hold = true });
}

/* From now on, and all that are held. */
static void give_answers(struct gateway_rig *rig)
{
    fake_upstream_otherwise(rig->upstream, http_answer(&rig->memory, 200, "", TEXT("{}")));
    fake_upstream_release(rig->upstream, FAKE_ALL);
}

static long resident_kib(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmRSS: %ld", &kib) != 1)
            kib = -1;
    (void)fclose(file);
    assert_true(kib > 0);
    return kib;
}

static int by_size(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* A connection that was accepted and says nothing, or was closed. */
static bool is_closed(int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    char bytes[256];
    while (poll(&readable, 1, 0) == 1)
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
            return true;
    return false;
}

static void greet(struct http_client *client)
{
    SCOPED(buffer) struct buffer greeting = buffer_capped(256);
    h2_append_greeting(&greeting);
    assert_true(http_client_send(client, greeting.data, greeting.len));
}

/* A connection of its own gets an answer. */
static bool takes_connections(struct gateway_rig *rig)
{
    struct http_client client;
    struct pollfd readable = { .events = POLLIN };
    char byte;
    if (!http_client_open(&client, grpc_url(rig)))
        return false;
    greet(&client);
    readable.fd = client.fd;
    const bool answered = poll(&readable, 1, 2000) == 1 && recv(client.fd, &byte, 1, 0) == 1;
    http_client_close(&client);
    return answered;
}

static void assert_takes_connections_again(struct gateway_rig *rig)
{
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    bool taken = takes_connections(rig);
    while (!taken && monotonic_now_ns() < until_ns)
        taken = takes_connections(rig);
    assert_true(taken);
}

/* ---- Calls --------------------------------------------------------------------------------- */

static void five_times_as_many_calls_as_allowed_cost_the_others_nothing(void **state)
{
    (void)state;
    enum { LIMIT = 50, REFUSED = 4 * LIMIT, WARM_UP = 1000, MORE = 4000 };
    const char *flags[] = { "--max-inflight", "50", "--log", "off", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_call *served[LIMIT];
    struct grpc_raw_call *beyond[REFUSED];
    hold_answers(rig);
    for (size_t i = 0; i < LIMIT; i++)
        served[i] = gateway_rig_begin(rig, "SnapshotService/GetSnapshot", one_id);
    assert_true(fake_upstream_wait_requests(rig->upstream, LIMIT));

    for (size_t i = 0; i < REFUSED; i++)
        beyond[i] = gateway_rig_begin(rig, "SnapshotService/GetSnapshot", one_id);
    for (size_t i = 0; i < REFUSED; i++) {
        struct gateway_details details;
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(beyond[i]);
        assert_int_equal(reply.code, RPC_RESOURCE_EXHAUSTED);
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
        assert_int_equal(details.retry_after_s, 1);
    }

    /* One after the other, so that each call's time is its own. */
    static int64_t took_ms[WARM_UP + MORE];
    long before_kib = 0;
    for (size_t i = 0; i < WARM_UP + MORE; i++) {
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
        assert_int_equal(reply.code, RPC_RESOURCE_EXHAUSTED);
        took_ms[i] = reply.elapsed_ms;
        if (i == WARM_UP)
            before_kib = resident_kib(rig->program.pid);
    }
    const long grown_kib = resident_kib(rig->program.pid) - before_kib;
    qsort(took_ms, ARRAY_LEN(took_ms), sizeof took_ms[0], by_size);
    assert_in_range(took_ms[ARRAY_LEN(took_ms) / 2], 0, 4);
    if (MEMORY_TELLS && grown_kib > 1024)
        fail_msg("%d refused calls cost %ld KiB", MORE, grown_kib);
    assert_int_equal(fake_upstream_request_count(rig->upstream), LIMIT);

    give_answers(rig);
    for (size_t i = 0; i < LIMIT; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(served[i]);
        assert_int_equal(reply.code, RPC_OK);
    }
    gateway_rig_stop(rig);
}

/* The value that the server's SETTINGS give; -1 when they do not have it. */
static int64_t setting(int fd, unsigned wanted)
{
    enum { HEAD = 9, ENTRY = 6 };
    unsigned char head[HEAD];
    unsigned char entry[ENTRY];
    assert_int_equal(recv(fd, head, HEAD, MSG_WAITALL), HEAD);
    assert_int_equal(head[3], H2_SETTINGS);
    for (int left = head[1] << 8 | head[2]; left > 0; left -= ENTRY) {
        assert_int_equal(recv(fd, entry, ENTRY, MSG_WAITALL), ENTRY);
        if ((unsigned)(entry[0] << 8 | entry[1]) == wanted)
            return (int64_t)entry[2] << 24 | entry[3] << 16 | entry[4] << 8 | entry[5];
    }
    return -1;
}

static void a_connection_may_have_a_thousand_calls(void **state)
{
    (void)state;
    enum { MAX_CONCURRENT_STREAMS = 3 };
    struct gateway_rig *rig = gateway_rig_start(NULL);
    struct http_client client;
    assert_true(http_client_open(&client, grpc_url(rig)));
    greet(&client);
    assert_int_equal(setting(client.fd, MAX_CONCURRENT_STREAMS), 1000);
    http_client_close(&client);
    gateway_rig_stop(rig);
}

/* ---- Connections and descriptors ----------------------------------------------------------- */

enum { CROWD = 300 };

static void connect_crowd(struct gateway_rig *rig, struct http_client *crowd)
{
    for (size_t i = 0; i < CROWD; i++)
        assert_true(http_client_open(&crowd[i], grpc_url(rig)));
}

static void close_crowd(struct http_client *crowd)
{
    for (size_t i = 0; i < CROWD; i++)
        http_client_close(&crowd[i]);
}

static size_t count_closed(const struct http_client *crowd)
{
    size_t count = 0;
    for (size_t i = 0; i < CROWD; i++)
        count += is_closed(crowd[i].fd);
    return count;
}

/* Within the time the last ones take to be looked at. */
static void assert_closed_but(const struct http_client *crowd, size_t kept)
{
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    size_t closed = count_closed(crowd);
    while (closed < CROWD - kept && monotonic_now_ns() < until_ns)
        closed = count_closed(crowd);
    assert_int_equal(CROWD - closed, kept);
}

static void connections_beyond_the_limit_are_closed_and_the_others_served(void **state)
{
    (void)state;
    const char *flags[] = { "--max-connections", "20", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct http_client crowd[CROWD];
    gateway_rig_assert_serves(rig); /* the first of the twenty */
    connect_crowd(rig, crowd);
    assert_closed_but(crowd, 19);
    gateway_rig_assert_serves(rig);
    close_crowd(crowd);
    assert_takes_connections_again(rig);
    gateway_rig_stop(rig);
}

static void few_descriptors_are_warned_about_and_never_run_out(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start_limited(NULL, 200);
    struct http_client crowd[CROWD];
    assert_non_null(strstr(gateway_rig_errors(rig), "warning: 200 open files (ulimit -n)"));
    gateway_rig_assert_serves(rig);
    connect_crowd(rig, crowd);
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    while (count_closed(crowd) < CROWD - 200 && monotonic_now_ns() < until_ns)
        continue;
    gateway_rig_assert_serves(rig); /* there still is one for the upstream */
    close_crowd(crowd);
    assert_takes_connections_again(rig);
    assert_null(strstr(gateway_rig_errors(rig), "accept4"));
    gateway_rig_stop(rig);
}

static void too_few_descriptors_stop_the_start(void **state)
{
    (void)state;
    const char *arguments[] = { "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1",
                                NULL };
    struct program program;
    assert_false(program_start_limited(&program, "hypeman-gateway", arguments, 64));
    assert_int_equal(program_wait(&program), 1);
    assert_non_null(strstr(program.output, "64 open files are too few"));
    assert_non_null(strstr(program.output, "ulimit -n"));
    program_free(&program);
}

/* The lowest number that is no descriptor of that process. */
static rlim_t lowest_free(pid_t pid)
{
    for (rlim_t fd = 0;; fd++) {
        char path[64];
        struct stat link;
        (void)snprintf(path, sizeof path, "/proc/%d/fd/%lu", (int)pid, (unsigned long)fd);
        if (lstat(path, &link) != 0)
            return fd;
    }
}

/* One EMFILE was the end of C-core's listener. */
static void a_burst_without_any_descriptor_left_is_survived(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    struct http_client crowd[CROWD];
    struct rlimit before;
    gateway_rig_assert_serves(rig);
    assert_int_equal(prlimit(rig->program.pid, RLIMIT_NOFILE, NULL, &before), 0);
    const struct rlimit none = { lowest_free(rig->program.pid), before.rlim_max };
    assert_int_equal(prlimit(rig->program.pid, RLIMIT_NOFILE, &none, NULL), 0);
    connect_crowd(rig, crowd);
    assert_closed_but(crowd, 0);
    close_crowd(crowd);
    assert_int_equal(prlimit(rig->program.pid, RLIMIT_NOFILE, &before, NULL), 0);
    assert_takes_connections_again(rig);
    gateway_rig_assert_serves(rig);
    gateway_rig_stop(rig);
}

/* Our own descriptor of the socket that process listens with. */
static int copy_listener(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    const int process = pidfd_open(pid, 0);
    assert_non_null(folder);
    assert_true(process >= 0);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        int64_t number = 0;
        int listens = 0;
        socklen_t len = sizeof listens;
        if (!text_parse_i64(text_of(entry->d_name), &number))
            continue;
        const int fd = pidfd_getfd(process, (int)number, 0);
        if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
            listens != 0) {
            closedir(folder);
            close(process);
            return fd;
        }
        if (fd >= 0)
            close(fd);
    }
    fail_msg("the process does not listen, or does not let us look");
    return -1;
}

static void a_gateway_that_nobody_can_reach_ends_and_says_why(void **state)
{
    (void)state;
    struct gateway_rig *rig = gateway_rig_start(NULL);
    const int64_t start_ns = monotonic_now_ns();
    const int listener = copy_listener(rig->program.pid);
    gateway_rig_assert_serves(rig);
    assert_int_equal(shutdown(listener, SHUT_RD), 0);
    close(listener);
    gateway_rig_assert_serves(rig); /* who is connected notices nothing */
    assert_int_equal(program_wait(&rig->program), 1);
    assert_in_range(monotonic_now_ns() - start_ns, 0, 10 * NS_PER_SEC);
    assert_non_null(strstr(rig->program.output, "nobody can connect any more"));
    assert_non_null(strstr(rig->program.output, "ulimit -n"));
    gateway_rig_stop(rig);
}

/* ---- The end ------------------------------------------------------------------------------- */

/* Reads frames up to a GOAWAY. */
static bool sees_goaway(int fd)
{
    enum { HEAD = 9 };
    unsigned char head[HEAD];
    while (recv(fd, head, HEAD, MSG_WAITALL) == HEAD) {
        size_t left = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (head[3] == H2_GOAWAY)
            return true;
        while (left > 0) {
            char payload[512];
            const ssize_t n = recv(fd, payload, left < sizeof payload ? left : sizeof payload, 0);
            if (n <= 0)
                return false;
            left -= (size_t)n;
        }
    }
    return false;
}

static void five_hundred_calls_in_flight_all_end_well(void **state)
{
    (void)state;
    enum { CALLS = 500, CHANNELS = 5 };
    const char *flags[] = { "--workers", "2", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    struct grpc_raw_channel *channels[CHANNELS];
    struct grpc_raw_call *calls[CALLS];
    struct http_client idle;
    hold_answers(rig);
    assert_true(http_client_open(&idle, grpc_url(rig)));
    greet(&idle);
    for (size_t i = 0; i < CHANNELS; i++)
        channels[i] = grpc_raw_connect(rig->target);
    for (size_t i = 0; i < CALLS; i++)
        calls[i] = grpc_raw_start(channels[i % CHANNELS],
                                  &(struct grpc_raw_request){
                                      .path = "/hypeman.v1.SnapshotService/CreateSnapshot",
                                      .message = one_id,
                                  });
    assert_true(fake_upstream_wait_requests(rig->upstream, CALLS));

    const int64_t start_ns = monotonic_now_ns();
    kill(rig->program.pid, SIGTERM);
    assert_true(sees_goaway(idle.fd));
    give_answers(rig);
    for (size_t i = 0; i < CALLS; i++) {
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(calls[i]);
        if (reply.code != RPC_OK)
            fail_msg("call %zu: %s: %s", i, rpc_code_name((enum rpc_code)reply.code),
                     reply.message);
    }
    assert_int_equal(program_wait(&rig->program), 0);
    /* Long before --drain-timeout, though the idle client never acknowledges the GOAWAY. */
    assert_in_range(monotonic_now_ns() - start_ns, 0, 5 * NS_PER_SEC);
    assert_null(strstr(rig->program.output, "cancelled"));
    assert_int_equal(fake_upstream_request_count(rig->upstream), CALLS);
    http_client_close(&idle);
    for (size_t i = 0; i < CHANNELS; i++)
        grpc_raw_disconnect(channels[i]);
    gateway_rig_stop(rig);
}

static void a_stuck_call_is_cancelled_at_the_limit(void **state)
{
    (void)state;
    const char *flags[] = { "--drain-timeout", "300ms", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    hold_answers(rig);
    struct grpc_raw_call *stuck = gateway_rig_begin(rig, "SnapshotService/GetSnapshot", one_id);
    assert_true(fake_upstream_wait_requests(rig->upstream, 1));
    const int64_t start_ns = monotonic_now_ns();
    kill(rig->program.pid, SIGTERM);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(stuck);
    assert_in_range(monotonic_now_ns() - start_ns, 300 * NS_PER_MS, 5 * NS_PER_SEC);
    /* Not CANCELLED, which is for what the client itself gave up: it may try elsewhere. Behind
     * Envoy, which resets what is left, clients see the same. */
    assert_int_equal(reply.code, RPC_UNAVAILABLE);
    assert_true(fake_upstream_wait_closed(rig->upstream, 0, NULL));
    assert_int_equal(program_wait(&rig->program), 0);
    assert_non_null(strstr(rig->program.output, "cancelled the calls still running after 300 ms"));
    gateway_rig_stop(rig);
}

static int readiness(const struct gateway_rig *rig)
{
    struct http_client client;
    struct http_answer answer;
    assert_true(http_client_open(&client, rig->program.urls[1]));
    assert_true(http_client_request(&client, "GET", "/readyz", NULL));
    assert_true(http_client_read(&client, &answer));
    const int status = answer.status;
    http_answer_free(&answer);
    http_client_close(&client);
    return status;
}

static void during_the_delay_it_serves_but_is_not_ready(void **state)
{
    (void)state;
    const char *flags[] = { "--admin", "127.0.0.1:0", "--drain-delay", "1h", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    assert_int_equal(readiness(rig), 200);
    kill(rig->program.pid, SIGTERM);
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    while (readiness(rig) == 200 && monotonic_now_ns() < until_ns)
        continue;
    assert_int_equal(readiness(rig), 503);
    assert_true(takes_connections(rig));
    gateway_rig_assert_serves(rig);
    gateway_rig_stop(rig); /* a second signal ends the delay */
}

static void a_mistake_in_the_options_is_explained(void **state)
{
    (void)state;
    const struct {
        const char *arguments[3];
        const char *says;
    } cases[] = {
        { { "--admin", "nowhere" }, "--admin" },
        { { "--max-connections", "0" }, "--max-connections" },
        { { "--max-connections", "many" }, "--max-connections" },
        { { "--drain-timeout", "soon" }, "--drain-timeout" },
        { { "--drain-delay", "-1s" }, "--drain-delay" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct program program;
        assert_true(program_spawn(&program, "hypeman-gateway", cases[i].arguments));
        assert_int_equal(program_wait(&program), 2);
        assert_non_null(strstr(program.output, cases[i].says));
        program_free(&program);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_times_as_many_calls_as_allowed_cost_the_others_nothing),
        cmocka_unit_test(a_connection_may_have_a_thousand_calls),
        cmocka_unit_test(connections_beyond_the_limit_are_closed_and_the_others_served),
        cmocka_unit_test(few_descriptors_are_warned_about_and_never_run_out),
        cmocka_unit_test(too_few_descriptors_stop_the_start),
        cmocka_unit_test(a_burst_without_any_descriptor_left_is_survived),
        cmocka_unit_test(a_gateway_that_nobody_can_reach_ends_and_says_why),
        cmocka_unit_test(five_hundred_calls_in_flight_all_end_well),
        cmocka_unit_test(a_stuck_call_is_cancelled_at_the_limit),
        cmocka_unit_test(during_the_delay_it_serves_but_is_not_ready),
        cmocka_unit_test(a_mistake_in_the_options_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

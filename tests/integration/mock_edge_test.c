/* The mock's HTTP edge in this process, one turn of its loop at a time, with a world whose clock
 * the test moves: answers that wait, clients that leave, timeouts, the end. Besides some real
 * operations the api has one that streams lines as the test writes them. */
#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/program/listener.h"
#include "mock/api/operations.h"
#include "mock/api/route.h"
#include "mock/api/rules.h"
#include "mock/domain/instance_force.h"
#include "mock/domain/instances.h"
#include "mock/http/server.h"
#include "tests/support/fake_env.h"
#include "tests/support/http_client.h"

/* --- GET /lines: each line when it is written -------------------------------------------- */

static struct {
    size_t written;
    bool over;
    size_t readers;
} feed;

struct line_reader {
    size_t next;
};

static bool next_lines(void *ctx, struct buffer *out, bool *done)
{
    struct line_reader *reader = ctx;

    for (; reader->next < feed.written; reader->next++)
        buffer_appendf(out, "line %zu\n", reader->next);
    *done = feed.over;
    return true;
}

static void close_lines(void *ctx)
{
    (void)ctx;
    feed.readers--;
}

static bool op_follow_lines(struct call *call, struct error *err)
{
    struct line_reader *reader = arena_zalloc(call->arena, sizeof *reader);
    (void)err;

    assert_non_null(reader);
    call->res->status = 200;
    call->res->content_type = "text/plain";
    call->res->stream =
        (struct response_stream){ .next = next_lines, .close = close_lines, .ctx = reader };
    feed.readers++;
    return true;
}

/* Takes the place of the API's own table. */
const struct route routes[] = {
    { .method = HTTP_GET, .path = "/health", .operation_id = "getHealth", .run = op_get_health },
    { .method = HTTP_GET, .path = "/lines", .operation_id = "lines", .run = op_follow_lines },
    { .method = HTTP_POST,
      .path = "/instances",
      .operation_id = "createInstance",
      .body = BODY_JSON,
      .schema = &schema_create_instance,
      .run = op_create_instance },
    { .method = HTTP_GET,
      .path = "/instances/{id}/wait",
      .operation_id = "waitForInstanceState",
      .query = wait_query,
      .resolver = RESOLVE_INSTANCE,
      .run = op_wait_for_instance_state },
    { .path = NULL },
};

/* --- the rig ----------------------------------------------------------------------------- */

struct rig {
    struct fake_env fake;
    struct control *control;
    struct worlds *worlds; /* its */
    struct line_log log;
    struct listener listener;
    struct http_server *server;
    int epoll_fd;
};

/* A client and what it has received since it last looked. */
struct peer {
    struct http_client client;
    char text[4096];
    size_t len;
    bool closed; /* by the server */
};

static void receive(struct peer *peer)
{
    while (!peer->closed) {
        const ssize_t n = recv(peer->client.fd, peer->text + peer->len,
                               sizeof peer->text - 1 - peer->len, MSG_DONTWAIT);
        if (n < 0)
            return;
        peer->closed = n == 0;
        peer->len += (size_t)n;
        peer->text[peer->len] = '\0';
    }
}

/* One turn of a loop, which also ends its wait when the peer receives something. peer: or NULL */
static void turn(struct rig *rig, const struct peer *peer, int max_ms)
{
    struct pollfd ready[] = { { .fd = rig->epoll_fd, .events = POLLIN },
                              { .fd = peer == NULL ? -1 : peer->client.fd, .events = POLLIN } };
    const int timeout_ms = http_server_timeout_ms(rig->server);

    (void)poll(ready, ARRAY_LEN(ready), timeout_ms < max_ms ? timeout_ms : max_ms);
    http_server_run(rig->server);
}

static void connect_to(struct rig *rig, struct peer *peer)
{
    *peer = (struct peer){ .closed = false };
    assert_true(http_client_open(&peer->client, rig->listener.url));
}

static void send_text(struct peer *peer, const char *text)
{
    assert_true(http_client_send_text(&peer->client, text));
}

static void send_get(struct peer *peer, const char *target)
{
    char text[256];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    send_text(peer, text);
}

enum { PATIENCE_MS = 10000 };

/* What a test waits for: the first turn is for what it has done to the world itself. */
struct patience {
    int64_t end_ns;
    int max_ms;
};

static struct patience patience(void)
{
    return (struct patience){ .end_ns = monotonic_now_ns() + PATIENCE_MS * NS_PER_MS };
}

static void turn_patiently(struct rig *rig, const struct peer *peer, struct patience *patience)
{
    assert_true(monotonic_now_ns() < patience->end_ns);
    turn(rig, peer, patience->max_ms);
    patience->max_ms = PATIENCE_MS;
}

/* Turns until the peer has received this, and takes all up to there. */
static void expect_received(struct rig *rig, struct peer *peer, const char *part)
{
    struct patience left = patience();
    const char *at;

    for (receive(peer); (at = strstr(peer->text, part)) == NULL; receive(peer)) {
        if (peer->closed)
            fail_msg("no %s in %s", part, peer->text);
        turn_patiently(rig, peer, &left);
    }
    at += strlen(part);
    peer->len -= (size_t)(at - peer->text);
    memmove(peer->text, at, peer->len + 1);
}

static void expect_closed(struct rig *rig, struct peer *peer)
{
    struct patience left = patience();

    for (receive(peer); !peer->closed; receive(peer))
        turn_patiently(rig, peer, &left);
}

/* Everything the peer sent has been dealt with: another request is answered meanwhile. */
static void expect_nothing(struct rig *rig, struct peer *peer)
{
    struct peer other;

    connect_to(rig, &other);
    for (int i = 0; i < 2; i++) {
        send_get(&other, "/health");
        expect_received(rig, &other, "{\"status\":\"ok\"}\n");
    }
    http_client_close(&other.client);
    receive(peer);
    assert_string_equal(peer->text, "");
    assert_false(peer->closed);
}

/* Turns until no request is being answered any more. */
static void expect_quiet(struct rig *rig)
{
    struct patience left = patience();

    while (http_server_busy(rig->server) > 0)
        turn_patiently(rig, NULL, &left);
    assert_int_equal(feed.readers, 0);
}

/* After a few turns, for what is over, the loop has no reason to turn: waiting costs nothing. */
static void expect_sleep(struct rig *rig)
{
    enum { FEW = 20 };
    struct epoll_event event;
    int turns = 0;

    for (; epoll_wait(rig->epoll_fd, &event, 1, 0) > 0; turns++) {
        assert_true(turns < FEW);
        turn(rig, NULL, 0);
    }
    assert_true(http_server_timeout_ms(rig->server) > 1000);
}

static void change_the_world(struct rig *rig, enum instance_state state)
{
    const struct instance *instance;
    struct error err = { 0 };

    struct served_world *main = rig->worlds->main;

    assert_true(instances_resolve(main->world, TEXT("vm"), &instance, &err));
    assert_true(instance_force_state(main->world, instance->config->id, state, &instance, &err));
    worlds_touch(rig->worlds, main);
}

static void write_lines(struct rig *rig, size_t count)
{
    feed.written += count;
    change_the_world(rig, INSTANCE_RUNNING);
}

static void given_server(struct rig *rig, unsigned stalled_seconds, unsigned idle_seconds)
{
    struct error err = { 0 };

    assert_true(listener_open("127.0.0.1", 0, "--listen", &rig->listener, &err));
    const struct http_server_settings settings = {
        .listen_fd = rig->listener.fd,
        .control = rig->control,
        .log = &rig->log,
        .max_body = 1024,
        .max_connections = 1000,
        .stalled_seconds = stalled_seconds,
        .idle_seconds = idle_seconds,
    };
    assert_true(http_server_new(&settings, &rig->server, &err));
    rig->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    assert_true(http_server_watch(rig->server, rig->epoll_fd, &err));
}

static void stop_server(struct rig *rig)
{
    http_server_free(rig->server);
    rig->server = NULL;
    close(rig->epoll_fd);
}

static void create_instance(struct rig *rig, const char *json)
{
    struct peer peer;

    connect_to(rig, &peer);
    assert_true(http_client_request(&peer.client, "POST", "/instances", json));
    expect_received(rig, &peer, "HTTP/1.1 201 ");
    http_client_close(&peer.client);
}

/* With an instance "vm", Running. */
static int setup_with(void **state, unsigned stalled_seconds, unsigned idle_seconds)
{
    static struct rig rig;
    fake_env_init(&rig.fake);
    const struct control_settings settings = {
        .plan = { .env = &rig.fake.env,
                  .settings = world_settings_default(),
                  .api = { .auth = AUTH_OFF },
                  .clock_mode = CLOCK_REAL },
        .worlds = { .max = 1, .ticks = rig.fake.env.clock, .ready = http_server_ready },
    };
    struct error err = { 0 };

    memset(&feed, 0, sizeof feed);
    assert_true(control_new(&settings, &rig.control, &err));
    rig.worlds = control_worlds(rig.control);
    line_log_init(&rig.log, LOG_FORM_TEXT, -1);
    given_server(&rig, stalled_seconds, idle_seconds);
    create_instance(&rig, "{\"name\":\"vm\",\"image\":\"alpine\"}");
    rig.fake.now_ns += NS_PER_SEC;
    *state = &rig;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, HTTP_SERVER_STALLED_SECONDS, HTTP_SERVER_IDLE_SECONDS);
}

enum { SHORT_SECONDS = 1 };

static int setup_impatient(void **state)
{
    return setup_with(state, SHORT_SECONDS, HTTP_SERVER_IDLE_SECONDS);
}

static int setup_forgetful(void **state)
{
    return setup_with(state, SHORT_SECONDS, SHORT_SECONDS);
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    if (rig->server != NULL)
        stop_server(rig);
    control_free(rig->control);
    buffer_fini(&rig->log.lines);
    assert_int_equal(rig->fake.live_blocks, 0);
    assert_int_equal(feed.readers, 0);
    return 0;
}

/* --- waits ------------------------------------------------------------------------------- */

static const char wait_for_stopped[] = "/instances/vm/wait?state=Stopped&timeout=30s";
static const char timed_out[] =
    "\r\n\r\n{\"state\":\"Running\",\"state_error\":null,\"timed_out\":true}\n";

static void a_wait_is_answered_when_the_world_has_changed(void **state) /* INST-W-014 */
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    for (int i = 0; i < 3; i++) { /* on one connection */
        change_the_world(rig, INSTANCE_RUNNING);
        send_get(&peer, wait_for_stopped);
        expect_nothing(rig, &peer);
        expect_sleep(rig);
        assert_int_equal(http_server_busy(rig->server), 1);
        change_the_world(rig, INSTANCE_STOPPED);
        expect_received(rig, &peer,
                        "\r\n\r\n{\"state\":\"Stopped\",\"state_error\":null,"
                        "\"timed_out\":false}\n");
    }
    http_client_close(&peer.client);
}

static void a_wait_is_answered_when_its_time_has_come(void **state) /* INST-W-008 */
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_get(&peer, wait_for_stopped);
    expect_nothing(rig, &peer);
    rig->fake.now_ns += 29 * NS_PER_SEC;
    expect_nothing(rig, &peer);
    assert_int_equal(http_server_timeout_ms(rig->server), 1000);
    rig->fake.now_ns += NS_PER_SEC;
    assert_int_equal(http_server_timeout_ms(rig->server), 0);
    expect_received(rig, &peer, timed_out);
    http_client_close(&peer.client);
}

static void what_is_due_happens_though_nobody_asks(void **state) /* NEW-064 */
{
    struct rig *rig = *state;
    struct peer peer;

    create_instance(rig, "{\"name\":\"brief\",\"image\":\"alpine\",\"ttl\":\"10s\"}");
    connect_to(rig, &peer);
    send_get(&peer, "/instances/brief/wait?state=Stopped&timeout=5m");
    expect_nothing(rig, &peer);
    assert_true(http_server_timeout_ms(rig->server) <= 60000); /* the next sweep */
    rig->fake.now_ns += 60 * NS_PER_SEC;
    expect_received(rig, &peer, "instance was deleted while waiting");
    assert_int_equal(world_instance_count(rig->worlds->main->world), 1);
    http_client_close(&peer.client);
}

static void requests_sent_ahead_are_answered_after_the_wait(void **state)
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_get(&peer, wait_for_stopped);
    send_get(&peer, "/health");
    expect_nothing(rig, &peer);
    send_get(&peer, wait_for_stopped);
    expect_nothing(rig, &peer);
    rig->fake.now_ns += 30 * NS_PER_SEC;
    expect_received(rig, &peer, timed_out);
    expect_received(rig, &peer, "{\"status\":\"ok\"}\n");
    expect_nothing(rig, &peer);
    rig->fake.now_ns += 30 * NS_PER_SEC;
    expect_received(rig, &peer, timed_out);
    http_client_close(&peer.client);
}

static void the_log_tells_of_a_wait_when_it_is_over(void **state)
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_get(&peer, wait_for_stopped);
    const int64_t began_ns = monotonic_now_ns();
    expect_nothing(rig, &peer);
    buffer_clear(&rig->log.lines);
    rig->fake.now_ns += 30 * NS_PER_SEC;
    expect_received(rig, &peer, timed_out);
    expect_quiet(rig);
    const int64_t most_us = (monotonic_now_ns() - began_ns) / 1000;
    long long micros = 0;
    assert_true(buffer_append_byte(&rig->log.lines, '\0'));
    assert_int_equal(sscanf(rig->log.lines.data,
                            "GET /instances/vm/wait?state=Stopped&timeout=30s 200 56 %lldus\n",
                            &micros),
                     1);
    assert_true(micros > 0 && micros <= most_us);
    http_client_close(&peer.client);
}

/* --- streams ----------------------------------------------------------------------------- */

static void a_stream_sends_nothing_before_its_first_line(void **state) /* INST-LOG-013 */
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_get(&peer, "/lines");
    expect_nothing(rig, &peer);
    expect_sleep(rig);
    write_lines(rig, 1);
    expect_received(rig, &peer, "\r\n\r\n7\r\nline 0\n\r\n");
    for (int i = 0; i < 3; i++) { /* INST-LOG-012 */
        expect_nothing(rig, &peer);
        expect_sleep(rig);
        char part[32];
        snprintf(part, sizeof part, "E\r\nline %zu\nline %zu\n\r\n", feed.written,
                 feed.written + 1);
        write_lines(rig, 2);
        expect_received(rig, &peer, part);
    }
    feed.over = true;
    change_the_world(rig, INSTANCE_RUNNING);
    expect_received(rig, &peer, "0\r\n\r\n");
    send_get(&peer, "/health");
    expect_received(rig, &peer, "{\"status\":\"ok\"}\n");
    expect_quiet(rig);
    http_client_close(&peer.client);
}

static void an_http_1_0_client_reads_a_stream_to_the_close(void **state) /* HTTP-002 */
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_text(&peer, "GET /lines HTTP/1.0\r\n\r\n");
    expect_nothing(rig, &peer);
    write_lines(rig, 1);
    expect_received(rig, &peer, "\r\n\r\nline 0\n");
    expect_nothing(rig, &peer);
    write_lines(rig, 1);
    expect_received(rig, &peer, "line 1\n");
    feed.over = true;
    change_the_world(rig, INSTANCE_RUNNING);
    expect_closed(rig, &peer);
    assert_string_equal(peer.text, "");
    http_client_close(&peer.client);
}

static void many_streams_get_every_line(void **state)
{
    enum { COUNT = 100 };
    struct rig *rig = *state;
    static struct peer peers[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        connect_to(rig, &peers[i]);
        send_get(&peers[i], "/lines");
        turn(rig, NULL, 0);
    }
    for (int line = 0; line < 3; line++) {
        expect_nothing(rig, &peers[0]);
        write_lines(rig, 1);
        char part[32];
        snprintf(part, sizeof part, "7\r\nline %d\n\r\n", line);
        for (size_t i = 0; i < COUNT; i++)
            expect_received(rig, &peers[i], part);
    }
    for (size_t i = 0; i < COUNT; i++)
        http_client_close(&peers[i].client);
    expect_quiet(rig);
}

/* --- clients that leave ------------------------------------------------------------------ */

static size_t open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void clients_that_leave_while_they_wait_leave_nothing_behind(void **state)
{
    enum { COUNT = 200 };
    static const char *const targets[] = { wait_for_stopped, "/lines" };
    static struct peer peers[COUNT];
    struct rig *rig = *state;

    expect_sleep(rig);
    const size_t files = open_files();

    for (size_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            connect_to(rig, &peers[i]);
            send_get(&peers[i], targets[i % 2]);
            turn(rig, NULL, 0);
        }
        expect_nothing(rig, &peers[0]);
        assert_int_equal(http_server_busy(rig->server), COUNT);
        assert_int_equal(feed.readers, COUNT / 2);
        if (round % 2 == 1) { /* in the middle of the stream */
            write_lines(rig, 1);
            for (size_t i = 1; i < COUNT; i += 2)
                expect_received(rig, &peers[i], "line 0\n");
            expect_nothing(rig, &peers[0]);
            feed.written = 0;
        }
        for (size_t i = 0; i < COUNT; i++)
            http_client_close(&peers[i].client);
        expect_quiet(rig);
        assert_int_equal(api_pause_ns(rig->worlds->main->api), INT64_MAX);
    }
    expect_sleep(rig);
    assert_int_equal(open_files(), files);
}

/* As Go's server does, which cancels the request. */
static void a_client_that_ends_its_input_has_left(void **state)
{
    static const char *const targets[] = { wait_for_stopped, "/lines" };

    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct rig *rig = *state;
        struct peer peer;
        connect_to(rig, &peer);
        send_get(&peer, targets[i]);
        assert_int_equal(shutdown(peer.client.fd, SHUT_WR), 0);
        expect_closed(rig, &peer);
        assert_string_equal(peer.text, "");
        expect_quiet(rig);
        http_client_close(&peer.client);
    }
}

static void who_left_just_before_the_answer_gets_none(void **state)
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_get(&peer, wait_for_stopped);
    expect_nothing(rig, &peer);
    buffer_clear(&rig->log.lines);
    http_client_close(&peer.client);
    rig->fake.now_ns += 30 * NS_PER_SEC;
    expect_quiet(rig);
    assert_int_equal(rig->log.lines.len, 0);
}

/* --- timeouts ---------------------------------------------------------------------------- */

static void slow_senders_are_cut(void **state)
{
    static const char *const beginnings[] = {
        "GET /health HTTP/1.1\r\nHos",
        "GET /health HTTP/1.1\r\nHost: x\r\n",
        "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
        "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"name\":",
        "POST /instances HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"na",
    };
    struct rig *rig = *state;
    struct peer peers[ARRAY_LEN(beginnings)];
    struct peer idle;

    connect_to(rig, &idle);
    const int64_t began_ns = monotonic_now_ns();
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        connect_to(rig, &peers[i]);
        send_text(&peers[i], beginnings[i]);
    }
    expect_nothing(rig, &peers[0]);
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        expect_closed(rig, &peers[i]);
        assert_true(monotonic_now_ns() - began_ns >= SHORT_SECONDS * NS_PER_SEC);
        http_client_close(&peers[i].client);
    }
    expect_quiet(rig);
    send_get(&idle, "/health"); /* it has not sent half a request */
    expect_received(rig, &idle, "{\"status\":\"ok\"}\n");
    http_client_close(&idle.client);
}

/* libmicrohttpd reads no more of it and yet wants to go on at once, again and again. */
static void a_chunk_line_that_never_ends_does_not_keep_the_loop_busy(void **state)
{
    enum { LINE_BYTES = 40 * 1024, FEW = 200 };
    struct rig *rig = *state;
    struct peer peer, other;
    char *line = malloc(LINE_BYTES + 1);

    memset(line, 'a', LINE_BYTES);
    line[LINE_BYTES] = '\0';
    connect_to(rig, &peer);
    connect_to(rig, &other);
    send_text(&peer, "POST /instances HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;");
    send_text(&peer, line);
    free(line);
    send_get(&other, "/health");
    expect_received(rig, &other, "{\"status\":\"ok\"}\n");
    for (int turns = 0; http_server_timeout_ms(rig->server) == 0; turns++) {
        assert_true(turns < FEW);
        turn(rig, NULL, PATIENCE_MS);
    }
    send_get(&other, "/health");
    expect_received(rig, &other, "{\"status\":\"ok\"}\n");
    expect_closed(rig, &peer);
    http_client_close(&peer.client);
    http_client_close(&other.client);
    expect_quiet(rig);
}

static void who_waits_for_an_answer_is_not_cut(void **state)
{
    struct rig *rig = *state;
    struct peer waiter, reader;

    connect_to(rig, &waiter);
    connect_to(rig, &reader);
    send_get(&waiter, wait_for_stopped);
    send_get(&reader, "/lines");
    expect_nothing(rig, &waiter);
    const int64_t end_ns = monotonic_now_ns() + 5 * SHORT_SECONDS * NS_PER_SEC / 2;
    while (monotonic_now_ns() < end_ns)
        turn(rig, NULL, 100);
    write_lines(rig, 1);
    expect_received(rig, &reader, "line 0\n");
    rig->fake.now_ns += 30 * NS_PER_SEC;
    expect_received(rig, &waiter, timed_out);
    http_client_close(&waiter.client);
    http_client_close(&reader.client);
    expect_quiet(rig);
}

static void idle_connections_end_after_their_time(void **state)
{
    struct rig *rig = *state;
    struct peer fresh, used;

    connect_to(rig, &fresh);
    connect_to(rig, &used);
    send_get(&used, "/health");
    expect_received(rig, &used, "{\"status\":\"ok\"}\n");
    expect_closed(rig, &fresh);
    expect_closed(rig, &used);
    http_client_close(&fresh.client);
    http_client_close(&used.client);
}

/* --- the end ----------------------------------------------------------------------------- */

static void at_the_end_waits_are_answered_and_streams_end(void **state)
{
    struct rig *rig = *state;
    struct peer waiter, mute, reader;

    connect_to(rig, &waiter);
    connect_to(rig, &mute);
    connect_to(rig, &reader);
    send_get(&waiter, wait_for_stopped);
    send_get(&reader, "/lines");
    expect_nothing(rig, &reader);
    write_lines(rig, 1);
    expect_received(rig, &reader, "line 0\n\r\n");
    feed.written = 0;
    send_get(&mute, "/lines");
    expect_nothing(rig, &mute);

    http_server_quiesce(rig->server);
    expect_received(rig, &waiter, timed_out);
    expect_received(rig, &mute, "Connection: close\r\n");
    expect_received(rig, &reader, "0\r\n\r\n");
    expect_closed(rig, &waiter);
    expect_quiet(rig);
    http_client_close(&waiter.client);
    http_client_close(&mute.client);
    http_client_close(&reader.client);
}

static void after_the_end_has_begun_nobody_waits(void **state)
{
    struct rig *rig = *state;
    struct peer peer;

    connect_to(rig, &peer);
    send_get(&peer, "/health");
    expect_received(rig, &peer, "{\"status\":\"ok\"}\n");
    http_server_quiesce(rig->server);
    send_get(&peer, wait_for_stopped);
    expect_received(rig, &peer, timed_out);
    expect_closed(rig, &peer);
    http_client_close(&peer.client);
}

static void a_server_may_be_freed_while_clients_wait(void **state)
{
    struct rig *rig = *state;
    struct peer waiter, reader, half;

    connect_to(rig, &waiter);
    connect_to(rig, &reader);
    connect_to(rig, &half);
    send_get(&waiter, wait_for_stopped);
    send_get(&reader, "/lines");
    send_text(&half, "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{");
    expect_nothing(rig, &waiter);
    stop_server(rig);
    http_client_close(&waiter.client);
    http_client_close(&reader.client);
    http_client_close(&half.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_wait_is_answered_when_the_world_has_changed),
        TEST(a_wait_is_answered_when_its_time_has_come),
        TEST(what_is_due_happens_though_nobody_asks),
        TEST(requests_sent_ahead_are_answered_after_the_wait),
        TEST(the_log_tells_of_a_wait_when_it_is_over),
        TEST(a_stream_sends_nothing_before_its_first_line),
        TEST(an_http_1_0_client_reads_a_stream_to_the_close),
        TEST(many_streams_get_every_line),
        TEST(clients_that_leave_while_they_wait_leave_nothing_behind),
        TEST(a_client_that_ends_its_input_has_left),
        TEST(who_left_just_before_the_answer_gets_none),
        cmocka_unit_test_setup_teardown(slow_senders_are_cut, setup_impatient, teardown),
        cmocka_unit_test_setup_teardown(a_chunk_line_that_never_ends_does_not_keep_the_loop_busy,
                                        setup_impatient, teardown),
        cmocka_unit_test_setup_teardown(who_waits_for_an_answer_is_not_cut, setup_impatient,
                                        teardown),
        cmocka_unit_test_setup_teardown(idle_connections_end_after_their_time, setup_forgetful,
                                        teardown),
        TEST(at_the_end_waits_are_answered_and_streams_end),
        TEST(after_the_end_has_begun_nobody_waits),
        TEST(a_server_may_be_freed_while_clients_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The libcurl upstream against a server that does what it is told: every outcome, what goes on the
 * wire, and that no write ever goes there twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/env/env.h"
#include "gateway/upstream/curl_upstream.h"
#include "tests/support/fake_upstream.h"

/* ---- Helpers ------------------------------------------------------------------------------- */

struct fixture {
    struct fake_upstream *server;
    struct curl_upstream *client;
    struct upstream *upstream;
};

/* One exchange and the means to wait for its end. */
struct call {
    struct upstream_exchange exchange;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    int64_t done_at_ns;
    void (*then)(struct call *call); /* from within done */
    struct fixture *fixture;
    int done_count;
    bool signals_blocked;
};

static struct curl_upstream_config config_for(const char *base_url)
{
    return (struct curl_upstream_config){
        .base_url = base_url,
        .connect_timeout_ms = 5000,
        .max_idle_ms = 30000,
        .max_connections = 100,
    };
}

static void start_client(struct fixture *f, const struct curl_upstream_config *config)
{
    struct error err = { 0 };
    if (!curl_upstream_new(config, &f->client, &err))
        fail_msg("%s", err.message);
    f->upstream = curl_upstream_interface(f->client);
}

static void stop_client(struct fixture *f)
{
    curl_upstream_free(f->client);
    f->client = NULL;
}

static void restart_client(struct fixture *f, const struct curl_upstream_config *config)
{
    stop_client(f);
    start_client(f, config);
}

static int given_a_server_and_a_client(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->server = fake_upstream_new();
    struct curl_upstream_config config = config_for(fake_upstream_url(f->server));
    start_client(f, &config);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    curl_upstream_free(f->client);
    fake_upstream_free(f->server);
    free(f);
    return 0;
}

static void on_done(struct upstream_exchange *exchange)
{
    struct call *call = exchange->context;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (call->then != NULL)
        call->then(call);
    pthread_mutex_lock(&call->mutex);
    call->done_count++;
    call->done_at_ns = monotonic_now_ns();
    call->signals_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPIPE) == 1;
    pthread_cond_signal(&call->ended);
    pthread_mutex_unlock(&call->mutex);
}

static void call_init(struct call *call, enum http_method method, const char *target)
{
    *call = (struct call){ 0 };
    call->exchange = (struct upstream_exchange){
        .method = method,
        .target = text_of(target),
        .timeout_ms = 20000,
        .max_body_bytes = (size_t)1 << 20,
        .done = on_done,
        .context = call,
    };
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&call->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&call->mutex, NULL);
}

static void call_fini(struct call *call)
{
    buffer_fini(&call->exchange.answer);
    pthread_mutex_destroy(&call->mutex);
    pthread_cond_destroy(&call->ended);
}

static void call_scope_end(struct call *call)
{
    call_fini(call);
}

static void set_body(struct call *call, const char *body)
{
    call->exchange.body = text_of(body);
    call->exchange.has_body = true;
}

static void wait_for(struct call *call)
{
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 30;
    pthread_mutex_lock(&call->mutex);
    while (call->done_count == 0) {
        if (pthread_cond_timedwait(&call->ended, &call->mutex, &limit) == ETIMEDOUT)
            break;
    }
    int done_count = call->done_count;
    pthread_mutex_unlock(&call->mutex);
    if (done_count != 1)
        fail_msg("done was called %d times", done_count);
}

static const char *const outcome_names[] = {
    [UPSTREAM_ANSWERED] = "ANSWERED",   [UPSTREAM_UNREACHABLE] = "UNREACHABLE",
    [UPSTREAM_LOST] = "LOST",           [UPSTREAM_TIMED_OUT] = "TIMED_OUT",
    [UPSTREAM_TOO_LARGE] = "TOO_LARGE", [UPSTREAM_MALFORMED] = "MALFORMED",
    [UPSTREAM_CANCELLED] = "CANCELLED", [UPSTREAM_FAILED] = "FAILED",
};

static void assert_outcome(const struct call *call, enum upstream_outcome expected)
{
    if (call->exchange.outcome != expected)
        fail_msg("%s instead of %s (status %d, \"%s\")", outcome_names[call->exchange.outcome],
                 outcome_names[expected], call->exchange.status, call->exchange.detail);
    if (expected == UPSTREAM_ANSWERED) {
        assert_string_equal(call->exchange.detail, "");
    } else {
        assert_true(call->exchange.detail[0] != '\0');
        assert_int_equal(call->exchange.answer.len, 0);
    }
}

static void run_call(struct fixture *f, struct call *call)
{
    upstream_submit(f->upstream, &call->exchange);
    wait_for(call);
}

static void assert_answer(const struct call *call, int status, const char *body)
{
    assert_outcome(call, UPSTREAM_ANSWERED);
    assert_int_equal(call->exchange.status, status);
    assert_int_equal(call->exchange.answer.len, strlen(body));
    assert_memory_equal(call->exchange.answer.data == NULL ? "" : call->exchange.answer.data, body,
                        strlen(body));
}

static void assert_detail_names(const struct call *call, const char *words)
{
    if (strstr(call->exchange.detail, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", call->exchange.detail, words);
}

/* The answer to `bytes`, to a GET on a connection of its own. */
static void get_raw(struct fixture *f, struct call *call, struct fake_reply reply)
{
    fake_upstream_reply(f->server, reply);
    call_init(call, HTTP_GET, "/x");
    run_call(f, call);
}

static void warm_up_connection(struct fixture *f)
{
    SCOPED(call) struct call first;
    call_init(&first, HTTP_GET, "/warm-up");
    run_call(f, &first);
    assert_outcome(&first, UPSTREAM_ANSWERED);
}

static void assert_request_begins(struct fixture *f, size_t number, const char *text)
{
    struct fake_request request = fake_upstream_request(f->server, number);
    if (!text_starts_with(request.bytes, text_of(text)))
        fail_msg("request %zu is \"" TEXT_FMT "\", not \"%s\"", number, TEXT_ARGS(request.bytes),
                 text);
}

static bool request_holds(struct fixture *f, size_t number, const char *text)
{
    struct fake_request request = fake_upstream_request(f->server, number);
    return memmem(request.bytes.data, request.bytes.len, text, strlen(text)) != NULL;
}

/* A port of this host that nobody listens on. */
static void free_port_url(char *url, size_t size)
{
    struct fake_upstream *gone = fake_upstream_new();
    snprintf(url, size, "%s", fake_upstream_url(gone));
    fake_upstream_free(gone);
}

/* A port of this host that neither accepts nor refuses: its queue of connections is full. */
struct black_hole {
    int listener;
    int callers[8];
    char url[64];
};

static void black_hole_open(struct black_hole *hole)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    hole->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(hole->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(hole->listener, 0), 0);
    assert_int_equal(getsockname(hole->listener, (struct sockaddr *)&address, &len), 0);
    for (size_t i = 0; i < ARRAY_LEN(hole->callers); i++) {
        hole->callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(hole->callers[i], (struct sockaddr *)&address, sizeof address);
    }
    snprintf(hole->url, sizeof hole->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static void black_hole_close(struct black_hole *hole)
{
    for (size_t i = 0; i < ARRAY_LEN(hole->callers); i++)
        close(hole->callers[i]);
    close(hole->listener);
}

/* ---- Answers ------------------------------------------------------------------------------- */

static void an_answer_comes_with_status_body_and_headers(void **state)
{
    struct fixture *f = *state;
    SCOPED(call) struct call call;
    get_raw(f, &call,
            (struct fake_reply){ .bytes =
                                     "HTTP/1.1 429 Too Many Requests\r\n"
                                     "content-TYPE:   application/json; charset=utf-8  \r\n"
                                     "Retry-After: 17\r\nContent-Length: 8\r\n\r\n{\"a\":1}\n" });

    assert_answer(&call, 429, "{\"a\":1}\n");
    assert_string_equal(call.exchange.content_type, "application/json; charset=utf-8");
    assert_string_equal(call.exchange.retry_after, "17");
    assert_true(call.signals_blocked);
}

static void an_answer_may_have_no_body(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        int status;
    } rows[] = {
        { "HTTP/1.1 204 No Content\r\n\r\n", 204 },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200 },
        { "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404 },
        { "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304 },
        { "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(call) struct call call;
        get_raw(f, &call, (struct fake_reply){ .bytes = rows[i].bytes });
        assert_answer(&call, rows[i].status, "");
        assert_string_equal(call.exchange.content_type, "");
    }
    assert_int_equal(fake_upstream_connection_count(f->server), 1);
}

static void interim_answers_are_skipped(void **state)
{
    struct fixture *f = *state;
    SCOPED(call) struct call call;
    get_raw(f, &call,
            (struct fake_reply){ .bytes = "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n"
                                          "Content-Type: text/html\r\n\r\n"
                                          "HTTP/1.1 100 Continue\r\n\r\n"
                                          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" });
    assert_answer(&call, 200, "ok");
    assert_string_equal(call.exchange.content_type, "");
    assert_string_equal(call.exchange.retry_after, "");
}

static void a_chunked_answer_is_put_together_and_its_trailers_are_ignored(void **state)
{
    struct fixture *f = *state;
    SCOPED(call) struct call call;
    get_raw(f, &call,
            (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                          "Transfer-Encoding: chunked\r\n\r\n"
                                          "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n"
                                          "Content-Type: text/evil\r\nRetry-After: 1\r\n\r\n",
                                 .drip = true });
    assert_answer(&call, 200, "hello world");
    assert_string_equal(call.exchange.content_type, "text/plain");
    assert_string_equal(call.exchange.retry_after, "");
}

static void an_answer_without_a_length_ends_with_its_connection(void **state)
{
    struct fixture *f = *state;
    SCOPED(call) struct call call;
    get_raw(
        f, &call,
        (struct fake_reply){ .bytes = "HTTP/1.0 200 OK\r\n\r\nall there is", .end = FAKE_CLOSE });
    assert_answer(&call, 200, "all there is");
}

static void a_redirect_is_an_answer(void **state)
{
    struct fixture *f = *state;
    SCOPED(call) struct call call;
    get_raw(f, &call,
            (struct fake_reply){ .bytes = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
                                          "Content-Length: 0\r\n\r\n" });
    assert_answer(&call, 302, "");
    assert_int_equal(fake_upstream_request_count(f->server), 1);
}

static void long_or_odd_header_values_are_cut(void **state)
{
    struct fixture *f = *state;
    char answer[512];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 200 OK\r\nContent-Type: %0300d\r\nRetry-After: 1\x01"
             "2\r\nContent-Length: 0\r\n\r\n",
             7);
    SCOPED(call) struct call call;
    get_raw(f, &call, (struct fake_reply){ .bytes = answer });
    assert_answer(&call, 200, "");
    assert_int_equal(strlen(call.exchange.content_type), sizeof call.exchange.content_type - 1);
    assert_string_equal(call.exchange.retry_after, "1");
}

/* By whatever case the server writes them in, the last head's only, and whole or not at all. */
static void headers_asked_for_are_kept(void **state)
{
    struct fixture *f = *state;
    static const struct text names[] = { TEXT("x-a"), TEXT("x-b"), TEXT("retry-after") };
    static const struct {
        const char *name;
        const char *value;
    } kept[] = { { "x-b", "" },
                 { "x-a", "one" },
                 { "x-a", "two, three" },
                 { "retry-after", "5" },
                 { "x-b", "tab\tin it" } };
    char answer[2048];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 103 Early Hints\r\nx-a: early\r\n\r\n"
             "HTTP/1.1 200 OK\r\nX-B:\r\nx-a: one\r\nX-Other: 1\r\nX-A:   two, three  \r\n"
             "x-b: %0*d\r\nRETRY-AFTER: 5\r\nx-ab: 1\r\nX-B: tab\tin it\r\n"
             "X-Request-ID: r1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Transfer-Encoding: chunked\r\n\r\n0\r\nx-a: trailer\r\n\r\n",
             UPSTREAM_KEPT_BYTES + 1, 0);
    for (int round = 0; round < 2; round++) {
        SCOPED(call) struct call call;
        fake_upstream_reply(f->server, (struct fake_reply){ .bytes = answer });
        call_init(&call, HTTP_GET, "/x");
        call.exchange.keep = names;
        call.exchange.keep_count = round == 0 ? ARRAY_LEN(names) : 0;
        run_call(f, &call);
        assert_answer(&call, 200, "");
        assert_string_equal(call.exchange.request_id, "r1");
        assert_string_equal(call.exchange.date, "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_string_equal(call.exchange.retry_after, "5");
        assert_int_equal(call.exchange.kept_count, round == 0 ? ARRAY_LEN(kept) : 0);
        for (size_t i = 0; i < call.exchange.kept_count; i++) {
            assert_true(text_equal_cstr(call.exchange.kept[i].name, kept[i].name));
            assert_true(text_equal_cstr(call.exchange.kept[i].value, kept[i].value));
        }
    }
}

static void only_so_many_headers_are_kept(void **state)
{
    struct fixture *f = *state;
    static const struct text names[] = { TEXT("x-a") };
    char answer[1024] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (int i = 0; i < UPSTREAM_KEPT_MAX + 5; i++)
        strcat(answer, "x-a: v\r\n");
    strcat(answer, "\r\n");
    SCOPED(call) struct call call;
    fake_upstream_reply(f->server, (struct fake_reply){ .bytes = answer });
    call_init(&call, HTTP_GET, "/x");
    call.exchange.keep = names;
    call.exchange.keep_count = ARRAY_LEN(names);
    run_call(f, &call);
    assert_int_equal(call.exchange.kept_count, UPSTREAM_KEPT_MAX);
}

static void an_answer_of_just_the_limit_passes(void **state)
{
    struct fixture *f = *state;
    fake_upstream_answer(f->server, 200, "12345678");
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/x");
    call.exchange.max_body_bytes = 8;
    run_call(f, &call);
    assert_answer(&call, 200, "12345678");
}

/* ---- What goes on the wire ----------------------------------------------------------------- */

static void a_get_is_sent_with_the_given_headers_and_no_others(void **state)
{
    struct fixture *f = *state;
    const struct http_header headers[] = {
        { TEXT("Authorization"), TEXT("Bearer t0ken") },
        { TEXT("X-Empty"), TEXT("") },
        { TEXT("x-twice"), TEXT("1") },
        { TEXT("x-twice"), TEXT("2 \xc3\xa9") },
    };
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/snapshots?limit=2");
    call.exchange.headers = headers;
    call.exchange.header_count = ARRAY_LEN(headers);
    run_call(f, &call);
    assert_answer(&call, 200, "{}");

    char expected[512];
    snprintf(expected, sizeof expected,
             "GET /snapshots?limit=2 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
             "Authorization: Bearer t0ken\r\nX-Empty:\r\nx-twice: 1\r\nx-twice: 2 \xc3\xa9\r\n"
             "Accept-Encoding: identity\r\n\r\n",
             fake_upstream_port(f->server));
    struct text sent = fake_upstream_request(f->server, 0).bytes;
    assert_int_equal(sent.len, strlen(expected));
    assert_memory_equal(sent.data, expected, sent.len);
}

static void headers_the_caller_gives_replace_the_defaults(void **state)
{
    struct fixture *f = *state;
    const struct http_header headers[] = {
        { TEXT("accept"), TEXT("application/json") },
        { TEXT("content-type"), TEXT("application/json") },
        { TEXT("accept-encoding"), TEXT("br") },
    };
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/x");
    call.exchange.headers = headers;
    call.exchange.header_count = ARRAY_LEN(headers);
    set_body(&call, "{}");
    run_call(f, &call);
    assert_answer(&call, 200, "{}");
    assert_true(request_holds(f, 0, "\r\naccept: application/json\r\n"));
    assert_true(request_holds(f, 0, "\r\ncontent-type: application/json\r\n"));
    assert_true(request_holds(f, 0, "\r\naccept-encoding: br\r\n"));
    assert_false(request_holds(f, 0, "identity"));
}

static void each_method_is_sent_by_its_name_with_or_without_a_body(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum http_method method;
        const char *body; /* NULL for none */
        const char *line;
        const char *length; /* NULL: no Content-Length */
        const char *custom_verb;
    } rows[] = {
        { HTTP_GET, NULL, "GET /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_POST, "{\"a\":1}", "POST /m HTTP/1.1\r\n", "Content-Length: 7\r\n", NULL },
        { HTTP_GET, NULL, "GET /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_POST, "", "POST /m HTTP/1.1\r\n", "Content-Length: 0\r\n", NULL },
        { HTTP_POST, NULL, "POST /m HTTP/1.1\r\n", "Content-Length: 0\r\n", NULL },
        { HTTP_PUT, "put", "PUT /m HTTP/1.1\r\n", "Content-Length: 3\r\n", NULL },
        { HTTP_PUT, NULL, "PUT /m HTTP/1.1\r\n", "Content-Length: 0\r\n", NULL },
        { HTTP_PATCH, "patch", "PATCH /m HTTP/1.1\r\n", "Content-Length: 5\r\n", NULL },
        { HTTP_DELETE, NULL, "DELETE /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_DELETE, "why", "DELETE /m HTTP/1.1\r\n", "Content-Length: 3\r\n", NULL },
        { HTTP_DELETE, NULL, "DELETE /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_HEAD, NULL, "HEAD /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_OPTIONS, NULL, "OPTIONS /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_METHOD_OTHER, NULL, "PURGE /m HTTP/1.1\r\n", NULL, "PURGE" },
        { HTTP_METHOD_OTHER, NULL, "LINK /m HTTP/1.1\r\n", NULL, "LINK" },
        { HTTP_METHOD_OTHER, "why", "LINK /m HTTP/1.1\r\n", "Content-Length: 3\r\n", "LINK" },
        { HTTP_METHOD_OTHER, NULL, "get /m HTTP/1.1\r\n", NULL, "get" },
        { HTTP_GET, NULL, "GET /m HTTP/1.1\r\n", NULL, NULL },
        { HTTP_GET, "odd", "GET /m HTTP/1.1\r\n", "Content-Length: 3\r\n", NULL },
        { HTTP_GET, NULL, "GET /m HTTP/1.1\r\n", NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(call) struct call call;
        call_init(&call, rows[i].method, "/m");
        call.exchange.custom_verb = rows[i].custom_verb;
        if (rows[i].body != NULL)
            set_body(&call, rows[i].body);
        run_call(f, &call);
        assert_answer(&call, 200, rows[i].method == HTTP_HEAD ? "" : "{}");

        assert_request_begins(f, i, rows[i].line);
        struct text body = fake_upstream_request(f->server, i).body;
        assert_true(text_equal_cstr(body, rows[i].body == NULL ? "" : rows[i].body));
        assert_int_equal(request_holds(f, i, "Content-Length:"), rows[i].length != NULL);
        if (rows[i].length != NULL)
            assert_true(request_holds(f, i, rows[i].length));
        assert_false(request_holds(f, i, "Content-Type"));
        assert_false(request_holds(f, i, "Transfer-Encoding"));
        assert_false(request_holds(f, i, "Expect"));
    }
    /* All of them over one connection: only HEAD's answer, whose body the server wrongly sent,
     * may have cost it. */
    assert_true(fake_upstream_connection_count(f->server) <= 2);
}

static void a_large_body_arrives_whole_and_without_expect(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)3 << 20;
    char *body = malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        body[i] = (char)('a' + i % 23);
    body[len] = '\0';

    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/big");
    set_body(&call, body);
    run_call(f, &call);
    assert_answer(&call, 200, "{}");
    struct text got = fake_upstream_request(f->server, 0).body;
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, body, len);
    assert_false(request_holds(f, 0, "Expect"));
    free(body);
}

static void the_target_is_sent_byte_for_byte(void **state)
{
    struct fixture *f = *state;
    static const char *const targets[] = {
        "/instances/../snapshots",
        "/a/./b//c/",
        "/%2e%2e/%2F%2f/%41%zz%",
        "/x?q=%20+&tags[a]=b&tags[c]=d|{}#not-a-fragment",
        "/?",
        "/caf\xc3\xa9",
        "//evil.example/x",
        "/@:user:pass@host/",
    };
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, targets[i]);
        run_call(f, &call);
        assert_answer(&call, 200, "{}");
        char line[256];
        snprintf(line, sizeof line, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:", targets[i]);
        assert_request_begins(f, i, line);
    }
}

static void a_path_prefix_goes_in_front_of_every_target(void **state)
{
    struct fixture *f = *state;
    char url[128];
    snprintf(url, sizeof url, "%s/api/v1/", fake_upstream_url(f->server));
    struct curl_upstream_config config = config_for(url);
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/../x?y=1");
    run_call(f, &call);
    assert_answer(&call, 200, "{}");
    assert_request_begins(f, 0, "GET /api/v1/../x?y=1 HTTP/1.1\r\n");
}

static void a_proxy_named_by_the_environment_is_not_used(void **state)
{
    struct fixture *f = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    struct curl_upstream_config config = config_for(fake_upstream_url(f->server));
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/x");
    run_call(f, &call);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_answer(&call, 200, "{}");
}

static void what_could_end_a_line_never_reaches_the_wire(void **state)
{
    struct fixture *f = *state;
    static const struct http_header bad_headers[] = {
        { { "X-A", 3 }, { "1\r\nX-Evil: 2", 12 } },
        { { "X-A", 3 }, { "1\nX-Evil: 2", 11 } },
        { { "X-A", 3 }, { "1\rX-Evil: 2", 11 } },
        { { "X-A", 3 }, { "1\0X-Evil: 2", 11 } },
        { { "X-A", 3 }, { "\x7f", 1 } },
        { { "X-A\r\nX-Evil", 11 }, { "1", 1 } },
        { { "X-A: 1\r\nX-Evil", 14 }, { "1", 1 } },
        { { "X A", 3 }, { "1", 1 } },
        { { "X-A:", 4 }, { "1", 1 } },
        { { "X-A;", 4 }, { "1", 1 } },
        { { "X-A\0", 4 }, { "1", 1 } },
        { { "", 0 }, { "1", 1 } },
        { { "Content-Length", 14 }, { "5", 1 } },
        { { "transfer-encoding", 17 }, { "chunked", 7 } },
        { { "HOST", 4 }, { "elsewhere", 9 } },
        { { "Connection", 10 }, { "close", 5 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad_headers); i++) {
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/x");
        call.exchange.headers = &bad_headers[i];
        call.exchange.header_count = 1;
        run_call(f, &call);
        assert_outcome(&call, UPSTREAM_FAILED);
        assert_detail_names(&call, "not sent");
        assert_null(strchr(call.exchange.detail, '\n'));
    }

    static const struct text bad_targets[] = {
        { "", 0 },
        { "x", 1 },
        { "/a b", 4 },
        { "/a\r\nX: 1", 8 },
        { "/a\n", 3 },
        { "/a\0b", 4 },
        { "http://elsewhere/", 17 },
        { "*", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad_targets); i++) {
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/");
        call.exchange.target = bad_targets[i];
        run_call(f, &call);
        assert_outcome(&call, UPSTREAM_FAILED);
    }
    assert_int_equal(fake_upstream_connection_count(f->server), 0);
}

static void a_request_head_has_a_ceiling(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)1 << 20;
    char *value = malloc(len);
    memset(value, 'v', len);
    struct http_header header = { TEXT("X-Long"), { value, len } };
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/x");
    call.exchange.headers = &header;
    call.exchange.header_count = 1;
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_FAILED);
    assert_detail_names(&call, "too long");
    free(value);
}

/* ---- Connections --------------------------------------------------------------------------- */

static void connections_are_reused(void **state)
{
    struct fixture *f = *state;
    static const enum http_method methods[] = { HTTP_GET, HTTP_POST, HTTP_DELETE, HTTP_PATCH };
    for (size_t i = 0; i < 20; i++) {
        SCOPED(call) struct call call;
        call_init(&call, methods[i % ARRAY_LEN(methods)], "/x");
        if (methods[i % ARRAY_LEN(methods)] == HTTP_POST)
            set_body(&call, "{}");
        run_call(f, &call);
        assert_answer(&call, 200, "{}");
    }
    assert_int_equal(fake_upstream_connection_count(f->server), 1);
}

static void a_connection_closed_while_idle_is_replaced(void **state)
{
    struct fixture *f = *state;
    static const enum http_method methods[] = { HTTP_GET, HTTP_POST, HTTP_DELETE };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        warm_up_connection(f);
        fake_upstream_hang_up(f->server);
        SCOPED(call) struct call call;
        call_init(&call, methods[i], "/after");
        run_call(f, &call);
        assert_answer(&call, 200, "{}");
    }
}

static void without_idle_time_every_exchange_has_its_own_connection(void **state)
{
    struct fixture *f = *state;
    struct curl_upstream_config config = config_for(fake_upstream_url(f->server));
    config.max_idle_ms = 999;
    restart_client(f, &config);
    for (size_t i = 0; i < 3; i++)
        warm_up_connection(f);
    assert_int_equal(fake_upstream_connection_count(f->server), 3);
    assert_true(fake_upstream_wait_closed(f->server, 2, NULL));
}

static void only_so_many_connections_are_kept(void **state)
{
    struct fixture *f = *state;
    struct curl_upstream_config config = config_for(fake_upstream_url(f->server));
    config.max_connections = 1;
    restart_client(f, &config);
    fake_upstream_reply(
        f->server, (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                        .hold = true });
    SCOPED(call) struct call held;
    call_init(&held, HTTP_GET, "/held");
    upstream_submit(f->upstream, &held.exchange);
    assert_true(fake_upstream_wait_requests(f->server, 1));
    warm_up_connection(f);
    fake_upstream_release(f->server, 0);
    wait_for(&held);
    assert_outcome(&held, UPSTREAM_ANSWERED);
    warm_up_connection(f);
    assert_int_equal(fake_upstream_connection_count(f->server), 2);
}

/* ---- A write goes on the wire once --------------------------------------------------------- */

static const struct write_shape {
    const char *name;
    enum http_method method;
    const char *body; /* NULL for none */
    const char *custom_verb;
} write_shapes[] = {
    { "POST with a body", HTTP_POST, "{\"name\":\"x\"}", NULL },
    { "POST with an empty body", HTTP_POST, "", NULL },
    { "POST without a body", HTTP_POST, NULL, NULL },
    { "PUT with a body", HTTP_PUT, "{}", NULL },
    { "PATCH with a body", HTTP_PATCH, "{}", NULL },
    { "DELETE", HTTP_DELETE, NULL, NULL },
    { "DELETE with a body", HTTP_DELETE, "{}", NULL },
    { "a custom verb", HTTP_METHOD_OTHER, NULL, "PURGE" },
};

static void submit_write(struct fixture *f, struct call *call, const struct write_shape *shape)
{
    call_init(call, shape->method, "/write");
    call->exchange.custom_verb = shape->custom_verb;
    if (shape->body != NULL)
        set_body(call, shape->body);
    upstream_submit(f->upstream, &call->exchange);
}

static size_t count_writes(struct fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < fake_upstream_request_count(f->server); i++)
        count += request_holds(f, i, "/write") ? 1 : 0;
    return count;
}

/* For each shape and each way to die: the server reads all or part of a write on a connection that
 * was used before, and is gone. */
static void a_write_is_sent_once_when_its_reused_connection_dies(void **state)
{
    struct fixture *f = *state;
    static const struct fake_reply deaths[] = {
        { .end = FAKE_CLOSE },
        { .end = FAKE_RESET },
        { .end = FAKE_CLOSE, .after = 1 },
        { .end = FAKE_RESET, .after = 40 },
    };
    size_t expected = 0;
    for (size_t i = 0; i < ARRAY_LEN(write_shapes); i++) {
        for (size_t j = 0; j < ARRAY_LEN(deaths); j++) {
            warm_up_connection(f);
            size_t connections = fake_upstream_connection_count(f->server);
            fake_upstream_reply(f->server, deaths[j]);
            SCOPED(call) struct call call;
            submit_write(f, &call, &write_shapes[i]);
            wait_for(&call);
            assert_outcome(&call, UPSTREAM_LOST);
            assert_detail_names(&call, "may have been acted upon");

            /* It did go out over the connection that was reused ... */
            size_t last = fake_upstream_request_count(f->server) - 1;
            assert_int_equal(fake_upstream_request(f->server, last).connection, connections - 1);
            /* ... and nothing of it came again, not even behind this later exchange. */
            warm_up_connection(f);
            expected += deaths[j].after == 1 ? 0 : 1; /* one byte does not show the path */
            assert_int_equal(count_writes(f), expected);
        }
    }
}

static void a_large_write_is_sent_once_when_the_server_dies_in_its_middle(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)8 << 20;
    char *body = malloc(len + 1);
    memset(body, 'b', len);
    body[len] = '\0';
    struct write_shape shape = { "large POST", HTTP_POST, body, NULL };

    for (size_t i = 0; i < 2; i++) {
        warm_up_connection(f);
        fake_upstream_reply(
            f->server, (struct fake_reply){ .after = i == 0 ? 50 : 100000, .end = FAKE_RESET });
        SCOPED(call) struct call call;
        submit_write(f, &call, &shape);
        wait_for(&call);
        assert_outcome(&call, UPSTREAM_LOST);
        warm_up_connection(f);
        assert_int_equal(count_writes(f), i + 1);
    }
    free(body);
}

/* The trap: curl gives up the lost connection, cannot make a new one, and says "refused", which
 * sounds as if nothing had ever been sent. */
static void a_write_that_was_sent_is_lost_even_when_the_server_then_refuses(void **state)
{
    struct fixture *f = *state;
    warm_up_connection(f);
    fake_upstream_stop_listening(f->server);
    fake_upstream_reply(f->server, (struct fake_reply){ .end = FAKE_CLOSE });
    SCOPED(call) struct call call;
    submit_write(f, &call, &write_shapes[0]);
    wait_for(&call);
    assert_outcome(&call, UPSTREAM_LOST);
    assert_int_equal(count_writes(f), 1);
}

static void a_write_on_a_new_connection_that_dies_is_lost(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(write_shapes); i++) {
        fake_upstream_reply(f->server, (struct fake_reply){ .end = FAKE_CLOSE });
        SCOPED(call) struct call call;
        submit_write(f, &call, &write_shapes[i]);
        wait_for(&call);
        assert_outcome(&call, UPSTREAM_LOST);
        assert_int_equal(count_writes(f), i + 1);
    }
}

/* Ten times, as libcurl's own count of new attempts does not end with the exchange. */
static void a_get_is_sent_again_when_its_reused_connection_dies(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 10; i++) {
        warm_up_connection(f);
        fake_upstream_reply(f->server, (struct fake_reply){ .end = FAKE_CLOSE });
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/read");
        run_call(f, &call);
        assert_answer(&call, 200, "{}");
        assert_request_begins(f, 3 * i + 1, "GET /read");
        assert_request_begins(f, 3 * i + 2, "GET /read");
        assert_int_equal(fake_upstream_request_count(f->server), 3 * i + 3);
    }
}

/* ---- Ways to fail -------------------------------------------------------------------------- */

static void a_unix_socket_is_spoken_to_as_localhost_and_kept_open(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/gateway-upstream-XXXXXX";
    char url[64];
    int fd = mkstemp(path); /* a name of our own; another file takes it */
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    snprintf(url, sizeof url, "unix:%s", path);
    struct curl_upstream_config config = config_for(url);
    restart_client(f, &config);
    {
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/x");
        run_call(f, &call);
        assert_outcome(&call, UPSTREAM_UNREACHABLE);
        assert_detail_names(&call, path);
    }
    struct fake_upstream *server = fake_upstream_new_at(path);
    for (size_t i = 0; i < 2; i++) {
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/snapshots/s1");
        run_call(f, &call);
        assert_answer(&call, 200, "{}");
        struct fake_request request = fake_upstream_request(server, i);
        assert_true(text_starts_with(request.bytes, TEXT("GET /snapshots/s1 HTTP/1.1\r\n"
                                                         "Host: localhost\r\n")));
        assert_int_equal(request.connection, 0);
    }
    stop_client(f);
    fake_upstream_free(server);
    unlink(path);
}

static void a_refused_connection_is_unreachable_and_says_what_to_do(void **state)
{
    struct fixture *f = *state;
    char url[64];
    char expected[160];
    free_port_url(url, sizeof url);
    struct curl_upstream_config config = config_for(url);
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/x");
    set_body(&call, "{}");
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_UNREACHABLE);
    assert_int_equal(call.exchange.status, 0);
    snprintf(expected, sizeof expected,
             "cannot connect to %s: connection refused; is the server running?", url);
    assert_string_equal(call.exchange.detail, expected);
}

static void a_host_that_does_not_exist_is_unreachable(void **state)
{
    struct fixture *f = *state;
    struct curl_upstream_config config = config_for("http://no-such-host.invalid:80");
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/x");
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_UNREACHABLE);
    assert_detail_names(&call, "no-such-host.invalid");
}

static void a_failed_tls_handshake_is_unreachable(void **state)
{
    struct fixture *f = *state;
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d", fake_upstream_port(f->server));
    struct curl_upstream_config config = config_for(url);
    restart_client(f, &config);
    fake_upstream_reply(f->server, (struct fake_reply){ .bytes = "HTTP/1.1 400 Bad Request\r\n\r\n",
                                                        .at_accept = true,
                                                        .end = FAKE_CLOSE });
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/x");
    set_body(&call, "{}");
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_UNREACHABLE);
    assert_detail_names(&call, "TLS");
}

static void a_connection_that_takes_too_long_is_unreachable(void **state)
{
    struct fixture *f = *state;
    struct black_hole hole;
    black_hole_open(&hole);
    struct curl_upstream_config config = config_for(hole.url);
    config.connect_timeout_ms = 30;
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/x");
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_UNREACHABLE);
    assert_detail_names(&call, "within 30 ms");
    stop_client(f);
    black_hole_close(&hole);
}

static void time_that_runs_out_while_connecting_is_a_timeout(void **state)
{
    struct fixture *f = *state;
    struct black_hole hole;
    black_hole_open(&hole);
    struct curl_upstream_config config = config_for(hole.url);
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/x");
    call.exchange.timeout_ms = 30;
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_TIMED_OUT);
    assert_detail_names(&call, "not sent");
    stop_client(f);
    black_hole_close(&hole);
}

static void a_timeout_closes_the_connection(void **state)
{
    struct fixture *f = *state;
    fake_upstream_reply(f->server, (struct fake_reply){ .hold = true });
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/slow");
    call.exchange.timeout_ms = 50;
    int64_t start_ns = monotonic_now_ns();
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_TIMED_OUT);
    assert_detail_names(&call, "within 50 ms");
    assert_true(call.done_at_ns - start_ns >= 50 * NS_PER_MS);

    int64_t closed_ns = 0;
    assert_true(fake_upstream_wait_closed(f->server, 0, &closed_ns));
    assert_true(closed_ns - call.done_at_ns < 50 * NS_PER_MS);
    assert_int_equal(fake_upstream_request_count(f->server), 1);
}

static void a_timeout_in_the_middle_of_a_body_is_a_timeout(void **state)
{
    struct fixture *f = *state;
    fake_upstream_reply(
        f->server, (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                                        .hold = true,
                                        .hold_at = 42 });
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/slow");
    call.exchange.timeout_ms = 1000; /* the half arrives before, also on a busy machine */
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_TIMED_OUT);
    assert_detail_names(&call, "no end of the answer from");
    assert_int_equal(call.exchange.status, 200);
}

static void the_smallest_timeout_is_not_no_timeout(void **state)
{
    struct fixture *f = *state;
    fake_upstream_otherwise(f->server, (struct fake_reply){ .hold = true });
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/slow");
    call.exchange.timeout_ms = 1;
    run_call(f, &call);
    assert_outcome(&call, UPSTREAM_TIMED_OUT);
}

static void half_an_answer_is_lost(void **state)
{
    struct fixture *f = *state;
    static const char *const halves[] = {
        "",
        "HT",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123456789",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        for (int reset = 0; reset < 2; reset++) {
            SCOPED(call) struct call call;
            fake_upstream_reply(
                f->server,
                (struct fake_reply){ .bytes = halves[i], .end = reset ? FAKE_RESET : FAKE_CLOSE });
            call_init(&call, HTTP_POST, "/x");
            run_call(f, &call);
            if (call.exchange.outcome != UPSTREAM_LOST)
                print_error("after \"%s\"\n", halves[i]);
            assert_outcome(&call, UPSTREAM_LOST);
        }
    }
}

static void what_is_not_http_is_malformed(void **state)
{
    struct fixture *f = *state;
    static const char *const noises[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail.example ESMTP\r\n",
        "{\"just\":\"json\"}",
        "\x15\x03\x01\x00\x02\x02\x16",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(noises); i++) {
        SCOPED(call) struct call call;
        get_raw(f, &call, (struct fake_reply){ .bytes = noises[i], .end = FAKE_CLOSE });
        if (call.exchange.outcome != UPSTREAM_MALFORMED)
            print_error("after \"%s\"\n", noises[i]);
        assert_outcome(&call, UPSTREAM_MALFORMED);
        assert_detail_names(&call, "not HTTP");
    }
}

static void a_head_without_end_is_malformed(void **state)
{
    struct fixture *f = *state;
    size_t len = (size_t)4 << 20;
    static const char *const kinds[] = { "X-More: 0123456789012345678901234567890123456789\r\n",
                                         "onelongheaderwithoutanyendtoit" };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char *answer = malloc(len);
        size_t used = (size_t)snprintf(answer, len, "HTTP/1.1 200 OK\r\n");
        for (size_t n = strlen(kinds[i]); used + n < len; used += n)
            memcpy(answer + used, kinds[i], n);
        SCOPED(call) struct call call;
        get_raw(f, &call, (struct fake_reply){ .bytes = answer, .len = used });
        assert_outcome(&call, UPSTREAM_MALFORMED);
        free(answer);
    }
}

static void an_answer_over_the_limit_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    static const struct fake_reply answers[] = {
        /* Announced: not one byte of it is waited for. */
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", .len = 0 },
        /* Not announced, and never ending. */
        { .bytes = "HTTP/1.1 200 OK\r\n\r\n"
                   "0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789" },
        { .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "32\r\n01234567890123456789012345678901234567890123456789\r\n"
                   "33\r\n012345678901234567890123456789012345678901234567890\r\n" },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        fake_upstream_reply(f->server, answers[i]);
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/big");
        call.exchange.max_body_bytes = 100;
        run_call(f, &call);
        assert_outcome(&call, UPSTREAM_TOO_LARGE);
        assert_int_equal(call.exchange.status, 200);
        assert_detail_names(&call, "100 bytes");
        assert_true(fake_upstream_wait_closed(f->server, i, NULL));
    }
}

static void credentials_are_sent_but_never_shown(void **state)
{
    struct fixture *f = *state;
    char url[128];
    snprintf(url, sizeof url, "http://anna:s3cret%%40@127.0.0.1:%d", fake_upstream_port(f->server));
    struct curl_upstream_config config = config_for(url);
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/x");
    run_call(f, &call);
    assert_answer(&call, 200, "{}");
    assert_true(request_holds(f, 0, "\r\nAuthorization: Basic YW5uYTpzM2NyZXRA\r\n"));
    assert_false(request_holds(f, 0, "s3cret"));

    fake_upstream_reply(f->server, (struct fake_reply){ .end = FAKE_CLOSE });
    SCOPED(call) struct call lost;
    call_init(&lost, HTTP_POST, "/x");
    run_call(f, &lost);
    assert_outcome(&lost, UPSTREAM_LOST);
    assert_detail_names(&lost, "http://127.0.0.1:");
    assert_null(strstr(lost.exchange.detail, "anna"));
    assert_null(strstr(lost.exchange.detail, "s3cret"));

    /* An exchange's own authorization wins. */
    const struct http_header own = { TEXT("Authorization"), TEXT("Bearer mine") };
    SCOPED(call) struct call bearer;
    call_init(&bearer, HTTP_GET, "/x");
    bearer.exchange.headers = &own;
    bearer.exchange.header_count = 1;
    run_call(f, &bearer);
    assert_true(request_holds(f, 2, "\r\nAuthorization: Bearer mine\r\n"));
    assert_false(request_holds(f, 2, "Basic"));
}

static void a_write_is_not_repeated_for_an_authentication_challenge(void **state)
{
    struct fixture *f = *state;
    char url[128];
    snprintf(url, sizeof url, "http://anna:pw@127.0.0.1:%d", fake_upstream_port(f->server));
    struct curl_upstream_config config = config_for(url);
    restart_client(f, &config);
    fake_upstream_reply(f->server,
                        (struct fake_reply){ .bytes = "HTTP/1.1 401 Unauthorized\r\n"
                                                      "WWW-Authenticate: Basic realm=\"x\"\r\n"
                                                      "Content-Length: 2\r\n\r\nno" });
    SCOPED(call) struct call call;
    submit_write(f, &call, &write_shapes[0]);
    wait_for(&call);
    assert_answer(&call, 401, "no");
    assert_int_equal(count_writes(f), 1);
}

#define EIGHTY      "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define LONG_SOCKET "unix:/" EIGHTY EIGHTY

static void a_base_url_that_cannot_be_used_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "127.0.0.1:4973",
        "ftp://127.0.0.1/",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://host/?query",
        "http://host/#fragment",
        "http://ho st/",
        "ftp://anna:s3cret@host",
        "http://anna:s3cret@host:port",
        "unix:",
        LONG_SOCKET,
    };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct curl_upstream_config config = config_for(urls[i]);
        struct curl_upstream *client = NULL;
        struct error err = { 0 };
        if (curl_upstream_new(&config, &client, &err))
            fail_msg("\"%s\" was accepted", urls[i]);
        assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
        assert_non_null(strstr(err.message, "expected http://HOST"));
        assert_null(strstr(err.message, "s3cret"));
        assert_null(client);
    }
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    struct curl_upstream_config configs[4];
    for (size_t i = 0; i < ARRAY_LEN(configs); i++)
        configs[i] = config_for("http://127.0.0.1:1");
    configs[0].connect_timeout_ms = 0;
    configs[1].max_idle_ms = -1;
    configs[2].max_connections = 0;
    configs[3].connect_timeout_ms = INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        struct curl_upstream *client = NULL;
        struct error err = { 0 };
        assert_false(curl_upstream_new(&configs[i], &client, &err));
        assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
    }
}

static rlim_t highest_descriptor(void)
{
    rlim_t highest = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        rlim_t fd = strtoul(entry->d_name, NULL, 10);
        highest = fd > highest ? fd : highest;
    }
    closedir(dir);
    return highest;
}

static void missing_descriptors_are_a_fault_of_ours(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    /* Fill the gaps below, then allow none above. */
    int fillers[256];
    size_t count = 0;
    struct rlimit tight = { highest_descriptor() + 1, before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &tight);
    while (count < ARRAY_LEN(fillers) && (fillers[count] = dup(0)) >= 0)
        count++;

    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/x");
    run_call(f, &call);

    setrlimit(RLIMIT_NOFILE, &before);
    while (count > 0)
        close(fillers[--count]);
    assert_outcome(&call, UPSTREAM_FAILED);
    assert_detail_names(&call, "open files");
    warm_up_connection(f);
}

/* ---- Cancelling ---------------------------------------------------------------------------- */

static void a_cancelled_exchange_closes_its_connection_within_50_ms(void **state)
{
    struct fixture *f = *state;
    fake_upstream_reply(f->server, (struct fake_reply){ .hold = true });
    SCOPED(call) struct call call;
    call_init(&call, HTTP_POST, "/slow");
    upstream_submit(f->upstream, &call.exchange);
    assert_true(fake_upstream_wait_requests(f->server, 1));

    int64_t start_ns = monotonic_now_ns();
    upstream_cancel(f->upstream, call.exchange.id);
    wait_for(&call);
    assert_outcome(&call, UPSTREAM_CANCELLED);
    int64_t closed_ns = 0;
    assert_true(fake_upstream_wait_closed(f->server, 0, &closed_ns));
    assert_true(closed_ns - start_ns < 50 * NS_PER_MS);
    assert_true(call.done_at_ns - start_ns < 50 * NS_PER_MS);
}

static void an_exchange_can_be_cancelled_in_the_middle_of_its_answer(void **state)
{
    struct fixture *f = *state;
    fake_upstream_reply(f->server, (struct fake_reply){
                                       .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                                       .hold = true,
                                       .hold_at = 40 });
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/slow");
    upstream_submit(f->upstream, &call.exchange);
    assert_true(fake_upstream_wait_requests(f->server, 1));
    upstream_cancel(f->upstream, call.exchange.id);
    wait_for(&call);
    assert_outcome(&call, UPSTREAM_CANCELLED);
    assert_true(fake_upstream_wait_closed(f->server, 0, NULL));
}

static void an_exchange_can_be_cancelled_while_it_connects(void **state)
{
    struct fixture *f = *state;
    struct black_hole hole;
    black_hole_open(&hole);
    struct curl_upstream_config config = config_for(hole.url);
    restart_client(f, &config);
    SCOPED(call) struct call call;
    call_init(&call, HTTP_GET, "/x");
    upstream_submit(f->upstream, &call.exchange);
    upstream_cancel(f->upstream, call.exchange.id);
    upstream_cancel(f->upstream, call.exchange.id);
    wait_for(&call);
    assert_outcome(&call, UPSTREAM_CANCELLED);
    stop_client(f);
    black_hole_close(&hole);
}

static void cancelling_what_is_over_or_unknown_does_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t old_id = 0;
    {
        SCOPED(call) struct call call;
        call_init(&call, HTTP_GET, "/x");
        run_call(f, &call);
        assert_outcome(&call, UPSTREAM_ANSWERED);
        old_id = call.exchange.id;
        assert_true(old_id != 0);
    }
    upstream_cancel(f->upstream, old_id);
    upstream_cancel(f->upstream, 0);
    upstream_cancel(f->upstream, UINT64_MAX);
    upstream_cancel(f->upstream, old_id + 1);

    /* The next exchange has the memory of the old one, but not its name. */
    fake_upstream_reply(
        f->server, (struct fake_reply){ .bytes = "HTTP/1.1 204 No Content\r\n\r\n", .hold = true });
    SCOPED(call) struct call next;
    call_init(&next, HTTP_GET, "/x");
    upstream_submit(f->upstream, &next.exchange);
    assert_true(fake_upstream_wait_requests(f->server, 2));
    upstream_cancel(f->upstream, old_id);
    warm_up_connection(f); /* the cancellation has been dealt with by now */
    fake_upstream_release(f->server, 1);
    wait_for(&next);
    assert_answer(&next, 204, "");
}

static void cancels_that_race_with_answers_end_each_exchange_once(void **state)
{
    struct fixture *f = *state;
    enum { CALLS = 300 };
    struct call *calls = calloc(CALLS, sizeof *calls);
    for (size_t i = 0; i < CALLS; i++)
        call_init(&calls[i], i % 2 == 0 ? HTTP_GET : HTTP_POST, "/x");
    for (size_t i = 0; i < CALLS; i++) {
        upstream_submit(f->upstream, &calls[i].exchange);
        if (i >= 10)
            upstream_cancel(f->upstream, calls[i - i % 10].exchange.id);
    }
    for (size_t i = 0; i < CALLS; i++) {
        wait_for(&calls[i]);
        if (calls[i].exchange.outcome != UPSTREAM_CANCELLED)
            assert_outcome(&calls[i], UPSTREAM_ANSWERED);
    }
    for (size_t i = 0; i < CALLS; i++)
        call_fini(&calls[i]);
    free(calls);
    warm_up_connection(f);
}

/* ---- Many, and the end --------------------------------------------------------------------- */

static void submit_next(struct call *call)
{
    struct call *next = call->exchange.headers == NULL ? NULL : call + 1;
    call->exchange.headers = NULL;
    if (next != NULL)
        upstream_submit(call->fixture->upstream, &next->exchange);
}

static void done_may_submit_the_next_exchange(void **state)
{
    struct fixture *f = *state;
    static const struct http_header some;
    struct call calls[3];
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        call_init(&calls[i], HTTP_GET, "/x");
        calls[i].fixture = f;
        calls[i].then = submit_next;
        if (i + 1 < ARRAY_LEN(calls))
            calls[i].exchange.headers = &some; /* none of them, as header_count is 0 */
    }
    upstream_submit(f->upstream, &calls[0].exchange);
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        wait_for(&calls[i]);
        assert_answer(&calls[i], 200, "{}");
    }
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        call_fini(&calls[i]);
}

static bool allow_descriptors(rlim_t count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < count && limit.rlim_max >= count) {
        limit.rlim_cur = count;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur >= count;
}

struct submitter {
    struct fixture *fixture;
    struct call *calls;
    size_t count;
    pthread_t thread;
};

static void *submit_many(void *context)
{
    struct submitter *s = context;
    for (size_t i = 0; i < s->count; i++)
        upstream_submit(s->fixture->upstream, &s->calls[i].exchange);
    return NULL;
}

static void a_thousand_exchanges_wait_at_once(void **state)
{
    struct fixture *f = *state;
    enum { CALLS = 1000, THREADS = 4 };
    if (!allow_descriptors(2 * CALLS + 200))
        skip();
    fake_upstream_otherwise(f->server,
                            (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\n"
                                                          "Content-Length: 4\r\n\r\nhere",
                                                 .hold = true });
    struct call *calls = calloc(CALLS, sizeof *calls);
    for (size_t i = 0; i < CALLS; i++)
        call_init(&calls[i], HTTP_GET, "/many");
    struct submitter submitters[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        submitters[i] = (struct submitter){ f, calls + i * (CALLS / THREADS), CALLS / THREADS, 0 };
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]),
                         0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(submitters[i].thread, NULL);

    assert_true(fake_upstream_wait_requests(f->server, CALLS));
    assert_int_equal(fake_upstream_connection_count(f->server), CALLS);
    fake_upstream_release(f->server, FAKE_ALL);
    for (size_t i = 0; i < CALLS; i++) {
        wait_for(&calls[i]);
        assert_answer(&calls[i], 200, "here");
        call_fini(&calls[i]);
    }
    free(calls);
}

/* ---- Answers that are read piece by piece --------------------------------------------------- */

/* A call whose reader counts what comes, and after some bytes wants to wait, or no more. */
struct reading {
    struct call call; /* first: its exchange's context */
    struct buffer taken;
    size_t pauses_at[2]; /* bytes taken before it waits; SIZE_MAX: never */
    size_t pause_count;  /* so far                                       */
    size_t stops_at;     /* bytes taken before it has enough             */
    size_t refused_len;  /* of the piece that is to come again           */
    int faults;          /* pieces before the status, or not as they were */
};

static enum upstream_taken on_piece(struct upstream_exchange *exchange, struct text piece)
{
    struct reading *r = exchange->context;
    enum upstream_taken verdict = UPSTREAM_TAKEN;
    pthread_mutex_lock(&r->call.mutex);
    r->faults += exchange->status == 0 || piece.len < r->refused_len;
    r->refused_len = 0;
    if (r->taken.len >= r->stops_at) {
        verdict = UPSTREAM_ENOUGH;
    } else if (r->pause_count < ARRAY_LEN(r->pauses_at) &&
               r->taken.len >= r->pauses_at[r->pause_count]) {
        verdict = UPSTREAM_NOT_NOW;
        r->pause_count++;
        r->refused_len = piece.len;
    } else {
        buffer_append_text(&r->taken, piece);
    }
    pthread_cond_signal(&r->call.ended);
    pthread_mutex_unlock(&r->call.mutex);
    return verdict;
}

static void reading_init(struct reading *r)
{
    *r = (struct reading){ .taken = buffer_capped(64 << 20),
                           .pauses_at = { SIZE_MAX, SIZE_MAX },
                           .stops_at = SIZE_MAX };
    call_init(&r->call, HTTP_GET, "/log");
    r->call.exchange.receive = on_piece;
    r->call.exchange.timeout_ms = UPSTREAM_NO_TIMEOUT;
    r->call.exchange.max_body_bytes = 100; /* of an error's body */
}

static void reading_scope_end(struct reading *r)
{
    assert_int_equal(r->faults, 0);
    call_fini(&r->call);
    buffer_fini(&r->taken);
}

static void wait_paused(struct reading *r, size_t count)
{
    pthread_mutex_lock(&r->call.mutex);
    while (r->pause_count < count)
        pthread_cond_wait(&r->call.ended, &r->call.mutex);
    pthread_mutex_unlock(&r->call.mutex);
}

/* An answer of `len` bytes. */
static struct buffer long_answer(size_t len)
{
    struct buffer bytes = buffer_capped(64 << 20);
    buffer_appendf(&bytes, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    for (size_t i = 0; i < len; i++)
        buffer_append_byte(&bytes, (uint8_t)('a' + i % 23));
    assert_false(bytes.failed);
    return bytes;
}

static struct fake_reply reply_of(const struct buffer *bytes)
{
    return (struct fake_reply){ .bytes = bytes->data, .len = bytes->len };
}

static void assert_read_whole(const struct reading *r, const struct buffer *answer, size_t len)
{
    assert_outcome(&r->call, UPSTREAM_ANSWERED);
    assert_int_equal(r->call.exchange.answer.len, 0);
    assert_int_equal(r->taken.len, len);
    assert_memory_equal(r->taken.data, answer->data + answer->len - len, len);
}

static void a_body_may_come_piece_by_piece_and_be_of_any_length(void **state)
{
    struct fixture *f = *state;
    enum { LEN = 3 << 20 };
    SCOPED(buffer) struct buffer answer = long_answer(LEN);
    SCOPED(reading) struct reading r;
    reading_init(&r);
    fake_upstream_reply(f->server, reply_of(&answer));
    run_call(f, &r.call);
    assert_read_whole(&r, &answer, LEN);
}

static void the_body_of_an_error_comes_whole(void **state)
{
    struct fixture *f = *state;
    static const int statuses[] = { 404, 500, 302 };
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        SCOPED(reading) struct reading r;
        reading_init(&r);
        fake_upstream_answer(f->server, statuses[i], "{\"code\":\"no\"}");
        run_call(f, &r.call);
        assert_answer(&r.call, statuses[i], "{\"code\":\"no\"}");
        assert_int_equal(r.taken.len, 0);
    }
}

static void a_reader_that_waits_stops_the_server(void **state)
{
    struct fixture *f = *state;
    enum { LEN = 32 << 20 }; /* more than sockets hold */
    SCOPED(buffer) struct buffer answer = long_answer(LEN);
    SCOPED(reading) struct reading r;
    reading_init(&r);
    r.pauses_at[0] = 0;
    r.pauses_at[1] = 1 << 20;
    fake_upstream_reply(f->server, reply_of(&answer));
    upstream_submit(f->upstream, &r.call.exchange);
    wait_paused(&r, 1);
    assert_int_equal(r.taken.len, 0);
    upstream_resume(f->upstream, r.call.exchange.id);
    wait_paused(&r, 2);
    upstream_resume(f->upstream, r.call.exchange.id);
    upstream_resume(f->upstream, r.call.exchange.id); /* once too often */
    wait_for(&r.call);
    assert_read_whole(&r, &answer, LEN);
    upstream_resume(f->upstream, r.call.exchange.id); /* and too late */
    warm_up_connection(f);
}

static void a_chunked_answer_may_end_while_its_reader_waits(void **state)
{
    struct fixture *f = *state;
    static const size_t pauses[] = { 0, 3 };
    for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
        SCOPED(reading) struct reading r;
        reading_init(&r);
        r.pauses_at[0] = pauses[i];
        fake_upstream_reply(f->server,
                            (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\n"
                                                          "Transfer-Encoding: chunked\r\n\r\n"
                                                          "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" });
        upstream_submit(f->upstream, &r.call.exchange);
        wait_paused(&r, 1);
        upstream_resume(f->upstream, r.call.exchange.id);
        wait_for(&r.call);
        assert_outcome(&r.call, UPSTREAM_ANSWERED);
        assert_true(text_equal_cstr(buffer_text(&r.taken), "onetwo"));
    }
}

static void a_reader_that_has_enough_ends_the_exchange(void **state)
{
    struct fixture *f = *state;
    enum { LEN = 32 << 20 };
    SCOPED(buffer) struct buffer answer = long_answer(LEN);
    /* At the first piece, later, and with the piece that it had let wait. */
    static const struct {
        size_t stops_at, pauses_at;
    } cases[] = { { 0, SIZE_MAX }, { 1 << 20, SIZE_MAX }, { 1, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const size_t request = fake_upstream_request_count(f->server);
        SCOPED(reading) struct reading r;
        reading_init(&r);
        r.pauses_at[0] = cases[i].pauses_at;
        r.stops_at = cases[i].pauses_at == SIZE_MAX ? cases[i].stops_at : SIZE_MAX;
        fake_upstream_reply(f->server, reply_of(&answer));
        upstream_submit(f->upstream, &r.call.exchange);
        if (cases[i].pauses_at != SIZE_MAX) {
            wait_paused(&r, 1);
            r.stops_at = cases[i].stops_at;
            upstream_resume(f->upstream, r.call.exchange.id);
        }
        wait_for(&r.call);
        assert_outcome(&r.call, UPSTREAM_CANCELLED);
        assert_detail_names(&r.call, "no more of the answer was wanted");
        assert_true(r.taken.len < LEN);
        assert_true(fake_upstream_wait_closed(
            f->server, fake_upstream_request(f->server, request).connection, NULL));
        warm_up_connection(f);
    }
}

static void an_exchange_whose_reader_waits_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    enum { LEN = 32 << 20 };
    SCOPED(buffer) struct buffer answer = long_answer(LEN);
    SCOPED(reading) struct reading r;
    reading_init(&r);
    r.pauses_at[0] = 0;
    fake_upstream_reply(f->server, reply_of(&answer));
    upstream_submit(f->upstream, &r.call.exchange);
    wait_paused(&r, 1);
    upstream_cancel(f->upstream, r.call.exchange.id);
    upstream_resume(f->upstream, r.call.exchange.id);
    wait_for(&r.call);
    assert_outcome(&r.call, UPSTREAM_CANCELLED);
    assert_true(fake_upstream_wait_closed(f->server, 0, NULL));
    warm_up_connection(f);
}

static void freeing_cancels_what_is_in_flight(void **state)
{
    struct fixture *f = *state;
    enum { CALLS = 30 };
    fake_upstream_otherwise(f->server, (struct fake_reply){ .hold = true });
    struct call calls[CALLS];
    for (size_t i = 0; i < CALLS; i++) {
        call_init(&calls[i], i % 2 == 0 ? HTTP_GET : HTTP_POST, "/slow");
        upstream_submit(f->upstream, &calls[i].exchange);
        if (i == CALLS / 2)
            assert_true(fake_upstream_wait_requests(f->server, i + 1));
    }
    stop_client(f);
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(calls[i].done_count, 1);
        assert_outcome(&calls[i], UPSTREAM_CANCELLED);
        call_fini(&calls[i]);
    }
    for (size_t i = 0; i < fake_upstream_connection_count(f->server); i++)
        assert_true(fake_upstream_wait_closed(f->server, i, NULL));
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    curl_upstream_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_server_and_a_client, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_comes_with_status_body_and_headers),
        TEST(an_answer_may_have_no_body),
        TEST(interim_answers_are_skipped),
        TEST(a_chunked_answer_is_put_together_and_its_trailers_are_ignored),
        TEST(an_answer_without_a_length_ends_with_its_connection),
        TEST(a_redirect_is_an_answer),
        TEST(long_or_odd_header_values_are_cut),
        TEST(headers_asked_for_are_kept),
        TEST(only_so_many_headers_are_kept),
        TEST(an_answer_of_just_the_limit_passes),
        TEST(a_get_is_sent_with_the_given_headers_and_no_others),
        TEST(headers_the_caller_gives_replace_the_defaults),
        TEST(each_method_is_sent_by_its_name_with_or_without_a_body),
        TEST(a_large_body_arrives_whole_and_without_expect),
        TEST(the_target_is_sent_byte_for_byte),
        TEST(a_path_prefix_goes_in_front_of_every_target),
        TEST(a_proxy_named_by_the_environment_is_not_used),
        TEST(what_could_end_a_line_never_reaches_the_wire),
        TEST(a_request_head_has_a_ceiling),
        TEST(connections_are_reused),
        TEST(a_connection_closed_while_idle_is_replaced),
        TEST(without_idle_time_every_exchange_has_its_own_connection),
        TEST(only_so_many_connections_are_kept),
        TEST(a_write_is_sent_once_when_its_reused_connection_dies),
        TEST(a_large_write_is_sent_once_when_the_server_dies_in_its_middle),
        TEST(a_write_that_was_sent_is_lost_even_when_the_server_then_refuses),
        TEST(a_write_on_a_new_connection_that_dies_is_lost),
        TEST(a_get_is_sent_again_when_its_reused_connection_dies),
        TEST(a_unix_socket_is_spoken_to_as_localhost_and_kept_open),
        TEST(a_refused_connection_is_unreachable_and_says_what_to_do),
        TEST(a_host_that_does_not_exist_is_unreachable),
        TEST(a_failed_tls_handshake_is_unreachable),
        TEST(a_connection_that_takes_too_long_is_unreachable),
        TEST(time_that_runs_out_while_connecting_is_a_timeout),
        TEST(a_timeout_closes_the_connection),
        TEST(a_timeout_in_the_middle_of_a_body_is_a_timeout),
        TEST(the_smallest_timeout_is_not_no_timeout),
        TEST(half_an_answer_is_lost),
        TEST(what_is_not_http_is_malformed),
        TEST(a_head_without_end_is_malformed),
        TEST(an_answer_over_the_limit_is_refused_at_once),
        TEST(credentials_are_sent_but_never_shown),
        TEST(a_write_is_not_repeated_for_an_authentication_challenge),
        cmocka_unit_test(a_base_url_that_cannot_be_used_is_refused_with_a_reason),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        TEST(missing_descriptors_are_a_fault_of_ours),
        TEST(a_cancelled_exchange_closes_its_connection_within_50_ms),
        TEST(an_exchange_can_be_cancelled_in_the_middle_of_its_answer),
        TEST(an_exchange_can_be_cancelled_while_it_connects),
        TEST(cancelling_what_is_over_or_unknown_does_nothing),
        TEST(cancels_that_race_with_answers_end_each_exchange_once),
        TEST(done_may_submit_the_next_exchange),
        TEST(a_thousand_exchanges_wait_at_once),
        TEST(a_body_may_come_piece_by_piece_and_be_of_any_length),
        TEST(the_body_of_an_error_comes_whole),
        TEST(a_reader_that_waits_stops_the_server),
        TEST(a_chunked_answer_may_end_while_its_reader_waits),
        TEST(a_reader_that_has_enough_ends_the_exchange),
        TEST(an_exchange_whose_reader_waits_can_be_cancelled),
        TEST(freeing_cancels_what_is_in_flight),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}

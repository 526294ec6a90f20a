/* hypeman-mock as a child process, over real sockets. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "common/env/env.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

#define REFUSAL(code, message) "{\"code\":\"" code "\",\"message\":\"" message "\"}"
#define NO_SUCH_PATH           REFUSAL("not_found", "404 page not found")

static const char *const quiet_args[] = { "--listen",     "127.0.0.1:0", "--log", "off",
                                          "--boot-delay", "0s",          NULL };

static int start_mock(void **state)
{
    struct program *mock = calloc(1, sizeof *mock);
    *state = mock;
    return mock != NULL && program_start(mock, "hypeman-mock", quiet_args) ? 0 : -1;
}

static int stop_mock(void **state)
{
    struct program *mock = *state;
    const int status = program_stop(mock, SIGTERM);
    if (status != 0)
        print_error("exit %d: %s\n", status, mock->output);
    program_free(mock);
    free(mock);
    return status;
}

static struct http_client connect_to(void **state)
{
    const struct program *mock = *state;
    struct http_client client;
    assert_true(http_client_open(&client, mock->urls[0]));
    return client;
}

static struct http_answer read_answer(struct http_client *client, int status)
{
    struct http_answer answer;
    assert_true(http_client_read(client, &answer));
    if (answer.status != status)
        print_error("unexpected answer: %s%s\n", answer.head, answer.body);
    assert_int_equal(answer.status, status);
    return answer;
}

static void expect_answer(struct http_client *client, int status, const char *body)
{
    struct http_answer answer = read_answer(client, status);
    assert_string_equal(answer.body, body);
    http_answer_free(&answer);
}

/* Whatever went before, the connection is good for this. */
static void expect_health(struct http_client *client)
{
    assert_true(http_client_request(client, "GET", "/health", NULL));
    expect_answer(client, 200, "{\"status\":\"ok\"}\n");
}

static void one_connection_serves_many_requests(void **state)
{
    struct http_client client = connect_to(state);

    for (int i = 0; i < 3; i++)
        expect_health(&client);
    assert_true(http_client_request(&client, "GET", "/nope", NULL));
    expect_answer(&client, 404, NO_SUCH_PATH);
    expect_health(&client);
    http_client_close(&client);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct http_client client = connect_to(state);

    for (int i = 0; i < 20; i++) {
        assert_true(http_client_request(&client, "GET", "/health", NULL));
        assert_true(http_client_request(&client, "GET", "/nope", NULL));
    }
    for (int i = 0; i < 20; i++) {
        expect_answer(&client, 200, "{\"status\":\"ok\"}\n");
        expect_answer(&client, 404, NO_SUCH_PATH);
    }
    http_client_close(&client);
}

static void http_1_0_is_answered_and_closed(void **state) /* HTTP-002 */
{
    struct http_client client = connect_to(state);

    assert_true(http_client_send_text(&client, "GET /health HTTP/1.0\r\n\r\n"));
    expect_answer(&client, 200, "{\"status\":\"ok\"}\n");
    assert_true(http_client_is_closed(&client));
    http_client_close(&client);
}

static void head_and_options_are_405_with_allow_lines(void **state) /* HTTP-023 */
{
    struct http_client client = connect_to(state);

    for (int i = 0; i < 2; i++) {
        assert_true(http_client_request(&client, i == 0 ? "OPTIONS" : "PUT", "/volumes", NULL));
        struct http_answer answer = read_answer(&client, 405);
        assert_true(http_answer_has_line(&answer, "Allow: GET"));
        assert_true(http_answer_has_line(&answer, "Allow: POST"));
        assert_string_equal(answer.body, REFUSAL("method_not_allowed", "method not allowed"));
        http_answer_free(&answer);
    }
    assert_true(http_client_request(&client, "foo", "/volumes", NULL));
    struct http_answer answer = read_answer(&client, 405);
    assert_null(strstr(answer.head, "\r\nAllow:"));
    http_answer_free(&answer);
    expect_health(&client);
    http_client_close(&client);
}

static void absolute_targets_are_served(void **state) /* HTTP-010 */
{
    struct http_client client = connect_to(state);

    assert_true(http_client_request(&client, "GET", "http://any.host:1/health?x=1", NULL));
    expect_answer(&client, 200, "{\"status\":\"ok\"}\n");
    http_client_close(&client);
}

static void an_upgrade_to_http_2_is_ignored(void **state) /* HTTP-002 */
{
    struct http_client client = connect_to(state);

    assert_true(http_client_send_text(&client, "GET /health HTTP/1.1\r\nHost: x\r\n"
                                               "Connection: Upgrade, HTTP2-Settings\r\n"
                                               "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"));
    expect_answer(&client, 200, "{\"status\":\"ok\"}\n");
    expect_health(&client);
    http_client_close(&client);

    client = connect_to(state); /* the ledger's limit: not 405 */
    assert_true(http_client_send_text(&client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    struct http_answer answer = read_answer(&client, 505);
    assert_true(http_client_is_closed(&client));
    http_answer_free(&answer);
    http_client_close(&client);
}

#define WITH_TOKEN "Host: x\r\nAuthorization: Bearer x\r\n"
#define WITH_JSON  WITH_TOKEN "Content-Type: application/json\r\n"

static void no_header_changes_what_is_answered(void **state)
{
    static const char *const headers[][2] = {
        { "HTTP-011", "Accept-Encoding: gzip, br, *" },
        { "HTTP-012", "Accept: text/html" },
        { "HTTP-012", "Accept: application/json;q=0" },
        { "HTTP-012", "Range: bytes=0-3" },
        { "HTTP-012", "If-None-Match: *" },
        { "HTTP-012", "X-HTTP-Method-Override: DELETE" },
        { "HTTP-012", "Origin: http://elsewhere.example" },
        { "HTTP-012", "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\n{ body" },
        { "HTTP-003", "X-Forwarded-Host: y" },
    };
    struct http_client client = connect_to(state);

    assert_true(http_client_request(&client, "GET", "/capabilities", NULL));
    struct http_answer plain = read_answer(&client, 200);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        char request[512];
        const bool has_body = strstr(headers[i][1], "\r\n\r\n") != NULL;
        snprintf(request, sizeof request, "GET /capabilities HTTP/1.1\r\n" WITH_TOKEN "%s%s",
                 headers[i][1], has_body ? "" : "\r\n\r\n");
        assert_true(http_client_send_text(&client, request));
        struct http_answer answer = read_answer(&client, 200);
        if (strcmp(answer.body, plain.body) != 0 || strcasestr(answer.head, "-encoding") != NULL)
            fail_msg("%s: with %s: %s%s", headers[i][0], headers[i][1], answer.head, answer.body);
        http_answer_free(&answer);
    }
    http_answer_free(&plain);
    http_client_close(&client);
}

static void the_coding_of_a_body_is_not_looked_at(void **state) /* HTTP-011 */
{
    struct http_client client = connect_to(state);

    assert_true(http_client_send_text(&client,
                                      "POST /instances HTTP/1.1\r\n" WITH_JSON
                                      "Content-Encoding: gzip\r\nContent-Length: 28\r\n\r\n"
                                      "{\"name\":\"a\",\"image\":\"nginx\"}"));
    struct http_answer answer = read_answer(&client, 201);
    http_answer_free(&answer);
    assert_true(http_client_request(&client, "DELETE", "/instances/a", NULL));
    answer = read_answer(&client, 204);
    http_answer_free(&answer);

    assert_true(http_client_send_text(&client, "POST /instances HTTP/1.1\r\n" WITH_JSON
                                               "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
                                               "\x1f\x8b\x08\x04"));
    expect_answer(&client, 400,
                  REFUSAL("Bad Request", "request body has an error: failed to decode request "
                                         "body: invalid character '\\\\x1f' looking for beginning "
                                         "of value"));
    http_client_close(&client);
}

/* Every header line of the answer is one of these. */
static void expect_header_names(const struct http_answer *answer, const char *const *names)
{
    for (const char *line = strstr(answer->head, "\r\n") + 2; *line != '\0';) {
        const size_t len = strcspn(line, ":\r");
        bool known = false;
        for (size_t i = 0; names[i] != NULL; i++)
            known = known || (strlen(names[i]) == len && strncasecmp(names[i], line, len) == 0);
        if (len > 0 && !known)
            fail_msg("%.*s in %s", (int)len, line, answer->head);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

/* HTTP-033: no server, request id, CORS, limits, tags of any kind; HTTP-035: no challenge. */
static void answers_carry_a_date_and_what_describes_their_body(void **state)
{
    static const struct {
        const char *request;
        int status;
        bool has_body;
    } cases[] = {
        { "GET /health HTTP/1.1\r\nHost: x\r\n", 200, true },
        { "GET /instances HTTP/1.1\r\n" WITH_TOKEN, 200, true },
        { "GET /instances HTTP/1.1\r\nHost: x\r\n", 401, true },
        { "GET /instances?state=x HTTP/1.1\r\n" WITH_TOKEN, 400, true },
        { "GET /instances/nobody HTTP/1.1\r\n" WITH_TOKEN, 404, true },
        { "GET /nowhere HTTP/1.1\r\n" WITH_TOKEN, 404, true },
        { "PUT /instances HTTP/1.1\r\n" WITH_TOKEN, 405, true },
        { "POST /instances/once/stop HTTP/1.1\r\n" WITH_TOKEN, 200, true },
        { "POST /instances/once/standby HTTP/1.1\r\n" WITH_TOKEN, 409, true },
        { "DELETE /instances/once HTTP/1.1\r\n" WITH_TOKEN, 204, false },
    };
    /* The real server's, and our own (docs/control-api.md). */
    static const char *const with_body[] = { "Date",  "Content-Type",      "Content-Length",
                                             "Allow", "X-Mock-Request-Id", NULL };
    static const char *const without_body[] = { "Date", "X-Mock-Request-Id", NULL }; /* HTTP-031 */
    struct http_client client = connect_to(state);

    assert_true(http_client_request(&client, "POST", "/instances",
                                    "{\"name\":\"once\",\"image\":\"nginx\"}"));
    struct http_answer created = read_answer(&client, 201);
    expect_header_names(&created, with_body);
    http_answer_free(&created);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(http_client_send_text(&client, cases[i].request));
        assert_true(
            http_client_send_text(&client, "X-Request-Id: 7\r\nOrigin: http://a.b\r\n\r\n"));
        struct http_answer answer = read_answer(&client, cases[i].status);
        assert_non_null(strcasestr(answer.head, "\r\nDate: "));
        expect_header_names(&answer, cases[i].has_body ? with_body : without_body);
        assert_int_equal(http_answer_has_line(&answer, "Content-Type: application/json"),
                         cases[i].has_body); /* HTTP-030: and no charset */
        assert_int_equal(answer.body_len > 0, cases[i].has_body);
        http_answer_free(&answer);
    }
    http_client_close(&client);
}

static void bad_request_lines_are_400_and_closed(void **state) /* HTTP-003, HTTP-004 */
{
    static const struct {
        const char *request;
        const char *body; /* NULL: libmicrohttpd's own page */
    } cases[] = {
        { "GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n",
          REFUSAL("Bad Request", "malformed request target") },
        { "GET * HTTP/1.1\r\nHost: x\r\n\r\n", REFUSAL("Bad Request", "malformed request target") },
        { "GET /health HTTP/1.1\r\n\r\n", REFUSAL("Bad Request", "missing required Host header") },
        { "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", NULL },
        { "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
          REFUSAL("Bad Request", "two different Content-Length headers") },
        { "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}",
          REFUSAL("Bad Request", "malformed header name") },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_client client = connect_to(state);
        assert_true(http_client_send_text(&client, cases[i].request));
        struct http_answer answer = read_answer(&client, 400);
        if (cases[i].body != NULL) {
            assert_string_equal(answer.body, cases[i].body);
            assert_true(http_client_is_closed(&client));
        }
        http_answer_free(&answer);
        http_client_close(&client);
    }
    struct http_client client = connect_to(state);
    expect_health(&client);
    http_client_close(&client);
}

/* HTTP-010: also where there is nothing to continue with, and the next request has been sent. */
static void who_expects_to_be_asked_without_a_body_is_answered(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "POST /instances/none/stop HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        char both[512];
        struct http_client client = connect_to(state);
        snprintf(both, sizeof both, "%sGET /health HTTP/1.1\r\nHost: x\r\n\r\n", requests[i]);
        assert_true(http_client_send_text(&client, both));
        struct http_answer answer = read_answer(&client, i == 2 ? 401 : 200);
        http_answer_free(&answer);
        expect_answer(&client, 200, "{\"status\":\"ok\"}\n");
        http_client_close(&client);
    }
}

static void an_unknown_transfer_encoding_is_501_and_closed(void **state)
{
    struct http_client client = connect_to(state);

    assert_true(http_client_send_text(&client, "POST /instances HTTP/1.1\r\nHost: x\r\n"
                                               "Transfer-Encoding: gzip, chunked\r\n\r\n"));
    expect_answer(&client, 501, REFUSAL("Not Implemented", "unsupported transfer encoding"));
    assert_true(http_client_is_closed(&client));
    http_client_close(&client);
}

static void garbage_harms_nobody_else(void **state)
{
    static const char *const garbage[] = { "\r\n\r\n\r\n", "GET\r\n\r\n",
                                           "\x16\x03\x01\x02\r\n\r\n",
                                           "GET /health HTTP/9.9\r\n\r\n", "{\"a\":1}\r\n\r\n" };

    for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
        struct http_client bad = connect_to(state);
        assert_true(http_client_send_text(&bad, garbage[i]));
        struct http_client good = connect_to(state);
        expect_health(&good);
        http_client_close(&good);
        http_client_close(&bad);
    }
}

static void a_chunked_body_is_read(void **state) /* HTTP-010 */
{
    struct http_client client = connect_to(state);

    assert_true(http_client_send_text(
        &client, "POST /instances HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
                 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "12\r\n{\"name\":\"chunked\",\r\n10\r\n\"image\":\"nginx\"}\r\n0\r\n\r\n"));
    struct http_answer answer = read_answer(&client, 201);
    assert_non_null(strstr(answer.body, "\"name\":\"chunked\""));
    assert_true(http_answer_has_line(&answer, "Content-Type: application/json"));
    http_answer_free(&answer);
    assert_true(http_client_request(&client, "DELETE", "/instances/chunked", NULL));
    answer = read_answer(&client, 204);
    assert_null(strstr(answer.head, "Content-"));
    http_answer_free(&answer);
    expect_health(&client);
    http_client_close(&client);
}

/* Sends a POST of that many bytes with the given extra header line. */
static void send_large(struct http_client *client, size_t len, const char *header)
{
    char head[256];
    char *body = calloc(1, len);
    assert_non_null(body);
    memset(body, ' ', len);
    snprintf(head, sizeof head,
             "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", len, header);
    assert_true(http_client_send_text(client, head));
    assert_true(http_client_send(client, body, len));
    free(body);
}

static void a_body_over_the_limit_is_413_and_the_connection_goes_on(void **state)
{
    enum { LIMIT = 8 * 1024 * 1024 };
    static const char body[] = "{\"code\":\"request_too_large\",\"message\":\"request body is "
                               "larger than 8388608 bytes (raise it with --max-body)\"}";
    struct http_client client = connect_to(state);

    send_large(&client, LIMIT + 1, "");
    expect_answer(&client, 413, body);
    expect_health(&client);
    send_large(&client, LIMIT, "Authorization: Bearer x\r\nContent-Type: application/json\r\n");
    struct http_answer answer = read_answer(&client, 400); /* blanks only */
    http_answer_free(&answer);
    http_client_close(&client);
}

static void a_chunked_body_over_the_limit_is_413_too(void **state)
{
    enum { CHUNK = 1024 * 1024 };
    struct http_client client = connect_to(state);
    char *chunk = calloc(1, CHUNK + 1);

    assert_non_null(chunk);
    memset(chunk, ' ', CHUNK);
    assert_true(http_client_send_text(&client, "POST /instances HTTP/1.1\r\nHost: x\r\n"
                                               "Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 9; i++) {
        assert_true(http_client_send_text(&client, "100000\r\n"));
        assert_true(http_client_send(&client, chunk, CHUNK));
        assert_true(http_client_send_text(&client, "\r\n"));
    }
    assert_true(http_client_send_text(&client, "0\r\n\r\n"));
    struct http_answer answer = read_answer(&client, 413);
    http_answer_free(&answer);
    expect_health(&client);
    http_client_close(&client);
    free(chunk);
}

static void a_client_that_waits_for_100_is_told_413_before_it_sends(void **state)
{
    struct http_client client = connect_to(state);

    assert_true(http_client_send_text(&client, "POST /instances HTTP/1.1\r\nHost: x\r\n"
                                               "Content-Length: 9000000\r\n"
                                               "Expect: 100-continue\r\n\r\n"));
    struct http_answer answer = read_answer(&client, 413);
    assert_true(http_answer_has_line(&answer, "Connection: close"));
    http_answer_free(&answer);
    http_client_close(&client);
}

static void long_targets_and_headers_are_refused_in_the_apis_shape(void **state) /* HTTP-005 */
{
    enum { MAX_TARGET = 8192, MAX_HEADERS = 100, MAX_HEADER_BYTES = 16384 };
    static const char too_long[] = "{\"code\":\"uri_too_long\",\"message\":\"request target is "
                                   "longer than 8192 bytes\"}";
    static const char too_large[] =
        "{\"code\":\"headers_too_large\",\"message\":\"request headers are more than 100, or "
        "larger than 16384 bytes\"}";
    static const struct {
        int target;       /* bytes */
        int headers;      /* Host and others; at least 2 */
        int header_bytes; /* with ": " and line ends */
        int status;
        const char *body;
    } cases[] = {
        { MAX_TARGET, 2, 100, 404, NULL },
        { MAX_TARGET + 1, 2, 100, 414, too_long },
        { 20000, 2, 100, 414, too_long },
        { 10, 2, MAX_HEADER_BYTES, 404, NULL },
        { 10, 2, MAX_HEADER_BYTES + 1, 431, too_large },
        { 10, 2, 25000, 431, too_large },
        { 10, MAX_HEADERS, 2000, 404, NULL },
        { 10, MAX_HEADERS + 1, 2000, 431, too_large },
        { MAX_TARGET, 2, MAX_HEADER_BYTES, 404, NULL },
    };
    static char filler[32 * 1024];
    static char request[64 * 1024];

    memset(filler, 'a', sizeof filler - 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static const char host[] = "Host: x\r\n", small[] = "X: y\r\n", first[] = "A: \r\n";
        struct http_client client = connect_to(state);
        int len = snprintf(request, sizeof request, "GET /%.*s HTTP/1.1\r\n%s", cases[i].target - 1,
                           filler, host);
        int left = cases[i].header_bytes - (int)strlen(host) - (int)strlen(first);
        for (int n = 2; n < cases[i].headers; n++, left -= (int)strlen(small))
            len += snprintf(request + len, sizeof request - (size_t)len, "%s", small);
        snprintf(request + len, sizeof request - (size_t)len, "A: %.*s\r\n\r\n", left, filler);
        assert_true(http_client_send_text(&client, request));
        struct http_answer answer = read_answer(&client, cases[i].status);
        if (cases[i].body == NULL) {
            expect_health(&client);
        } else {
            assert_string_equal(answer.body, cases[i].body);
            assert_true(http_answer_has_line(&answer, "Content-Type: application/json"));
            assert_true(http_client_is_closed(&client));
        }
        http_answer_free(&answer);
        http_client_close(&client);
        client = connect_to(state);
        expect_health(&client);
        http_client_close(&client);
    }
}

static void json_deeper_than_64_is_refused(void **state)
{
    static const struct {
        int depth;
        const char *part; /* of the answer: 64 are judged by their content */
    } cases[] = { { 64, "\\\"name\\\" is missing" }, { 65, "deeper" }, { 5000, "deeper" } };
    static char body[32 * 1024];
    struct http_client client = connect_to(state);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const int arrays = cases[i].depth - 1;
        int len = snprintf(body, sizeof body, "{\"a\":");
        memset(body + len, '[', (size_t)arrays);
        memset(body + len + arrays, ']', (size_t)arrays);
        snprintf(body + len + 2 * arrays, sizeof body - (size_t)(len + 2 * arrays), "}");
        assert_true(http_client_request(&client, "POST", "/instances", body));
        struct http_answer answer = read_answer(&client, 400);
        if (strstr(answer.body, cases[i].part) == NULL)
            fail_msg("no %s in %s", cases[i].part, answer.body);
        assert_true(http_answer_has_line(&answer, "Content-Type: application/json"));
        http_answer_free(&answer);
        expect_health(&client);
    }
    http_client_close(&client);
}

static void a_query_of_thousands_of_pairs_is_answered(void **state)
{
    static char target[8192];
    struct http_client client = connect_to(state);
    size_t len = (size_t)snprintf(target, sizeof target, "/instances?");

    for (; len + 2 < sizeof target; len += 2)
        memcpy(target + len, "a&", 2);
    assert_true(http_client_send_text(&client, "GET "));
    assert_true(http_client_send_text(&client, target));
    assert_true(
        http_client_send_text(&client, " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n"));
    expect_answer(&client, 200, "[]\n");
    http_client_close(&client);
}

static void half_a_request_then_a_close_leaves_nothing_behind(void **state)
{
    static const char *const halves[] = {
        "GET /hea",
        "GET /health HTTP/1.1\r\nHos",
        "POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"name\":",
    };

    for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
        struct http_client client = connect_to(state);
        assert_true(http_client_send_text(&client, halves[i]));
        http_client_close(&client);
    }
    struct http_client client = connect_to(state);
    assert_true(http_client_request(&client, "GET", "/instances", NULL));
    expect_answer(&client, 200, "[]\n");
    http_client_close(&client);
}

/* As many as the system lets a process open, up to what we want. */
static size_t raise_open_files(size_t wanted)
{
    enum { OWN = 64 };
    struct rlimit files;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_true(files.rlim_cur > OWN);
    return files.rlim_cur - OWN < wanted ? files.rlim_cur - OWN : wanted;
}

static void ten_thousand_idle_connections_do_not_stop_the_next(void **state)
{
    /* What libmicrohttpd keeps for a connection's next request, and 8 KiB. */
    enum { COUNT = 10000, MOST_BYTES = (32 + 8) * 1024 };
    static struct http_client idle[COUNT];
    const size_t count = raise_open_files(COUNT);
    const size_t before = program_memory_bytes(*state);

    for (size_t i = 0; i < count; i++) {
        idle[i] = connect_to(state);
        if (i % 2 == 0) /* half of them have served a request before */
            expect_health(&idle[i]);
    }
    struct http_client client = connect_to(state);
    const int64_t began_ns = monotonic_now_ns();
    expect_health(&client);
    const int64_t took_ns = monotonic_now_ns() - began_ns;
    http_client_close(&client);
    const size_t each = (program_memory_bytes(*state) - before) / count;
    print_message("%zu idle connections of %zu bytes each; the next request took %lld us\n", count,
                  each, (long long)took_ns / 1000);
    assert_true(took_ns < NS_PER_SEC);
    if (!HAS_SHADOW_MEMORY)
        assert_true(each < MOST_BYTES);
    expect_health(&idle[count - 1]);
    for (size_t i = 0; i < count; i++)
        http_client_close(&idle[i]);
}

static void a_long_list_arrives_chunked_and_a_short_one_with_its_length(void **state)
{
    enum { COUNT = 100 };
    struct http_client client = connect_to(state);
    char target[64];
    size_t found = 0;

    assert_true(http_client_request(&client, "POST", "/instances",
                                    "{\"name\":\"source\",\"image\":\"nginx\"}"));
    struct http_answer answer = read_answer(&client, 201);
    http_answer_free(&answer);
    for (int i = 0; i < COUNT; i++) {
        assert_true(http_client_request(&client, "POST", "/instances/source/snapshots",
                                        "{\"kind\":\"Standby\",\"tags\":{\"n\":\"1\"}}"));
        answer = read_answer(&client, 201);
        http_answer_free(&answer);
    }

    assert_true(http_client_request(&client, "GET", "/snapshots", NULL));
    answer = read_answer(&client, 200);
    assert_true(answer.chunked);
    for (const char *at = answer.body; (at = strstr(at, "\"kind\"")) != NULL; at++)
        found++;
    assert_int_equal(found, COUNT);
    snprintf(target, sizeof target, "/snapshots/%.24s", strstr(answer.body, "\"id\":\"") + 6);
    http_answer_free(&answer);

    assert_true(http_client_request(&client, "GET", target, NULL));
    answer = read_answer(&client, 200);
    assert_false(answer.chunked);
    http_answer_free(&answer);
    http_client_close(&client);
}

static void a_reader_that_goes_away_in_a_long_list_harms_nobody(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct http_client client = connect_to(state);
        assert_true(http_client_request(&client, "GET", "/snapshots", NULL));
        http_client_close(&client);
    }
    struct http_client client = connect_to(state);
    expect_health(&client);
    http_client_close(&client);
}

static void sigterm_ends_it_at_once_though_connections_idle(void **state)
{
    struct program mock;
    struct http_client idle;
    struct http_client half;
    (void)state;

    assert_true(program_start(&mock, "hypeman-mock", quiet_args));
    assert_true(http_client_open(&idle, mock.urls[0]));
    expect_health(&idle);
    assert_true(http_client_open(&half, mock.urls[0]));
    assert_true(http_client_send_text(&half, "GET /health HTTP/1.1\r\n"));
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    assert_true(http_client_is_closed(&idle));
    program_free(&mock);
    http_client_close(&idle);
    http_client_close(&half);
}

static void sigterm_lets_a_request_that_has_begun_finish(void **state)
{
    struct program mock;
    struct http_client client;
    (void)state;

    assert_true(program_start(&mock, "hypeman-mock", quiet_args));
    assert_true(http_client_open(&client, mock.urls[0]));
    /* 100 shows that the server has seen the head and waits for the body (HTTP-010). */
    assert_true(http_client_send_text(&client, "POST /instances HTTP/1.1\r\nHost: x\r\n"
                                               "Authorization: Bearer x\r\n"
                                               "Content-Type: application/json\r\n"
                                               "Expect: 100-continue\r\n"
                                               "Content-Length: 28\r\n\r\n"));
    char interim[64] = { 0 };
    for (size_t len = 0; strstr(interim, "\r\n\r\n") == NULL; len++)
        assert_int_equal(recv(client.fd, interim + len, 1, 0), 1);
    assert_int_equal(kill(mock.pid, SIGTERM), 0);
    assert_true(http_client_send_text(&client, "{\"name\":\"a\",\"image\":\"nginx\"}"));
    struct http_answer answer = read_answer(&client, 201);
    http_answer_free(&answer);
    assert_int_equal(program_wait(&mock), 0);
    program_free(&mock);
    http_client_close(&client);
}

static void a_second_signal_does_not_wait(void **state)
{
    struct program mock;
    struct http_client client;
    (void)state;

    assert_true(program_start(&mock, "hypeman-mock", quiet_args));
    assert_true(http_client_open(&client, mock.urls[0]));
    assert_true(http_client_send_text(&client, "POST /instances HTTP/1.1\r\nHost: x\r\n"
                                               "Expect: 100-continue\r\n"
                                               "Content-Length: 28\r\n\r\n"));
    char byte;
    assert_int_equal(recv(client.fd, &byte, 1, 0), 1);
    assert_int_equal(kill(mock.pid, SIGTERM), 0);
    assert_int_equal(program_stop(&mock, SIGINT), 0);
    program_free(&mock);
    http_client_close(&client);
}

static void a_wait_is_answered_when_the_boot_is_over(void **state) /* INST-W-013 */
{
    struct program mock;
    struct http_client client, other;
    (void)state;

    assert_true(program_start(&mock, "hypeman-mock",
                              (const char *[]){ "--listen", "127.0.0.1:0", "--log", "off",
                                                "--boot-delay", "200ms", NULL }));
    assert_true(http_client_open(&client, mock.urls[0]));
    assert_true(
        http_client_request(&client, "POST", "/instances", "{\"name\":\"a\",\"image\":\"nginx\"}"));
    struct http_answer answer = read_answer(&client, 201);
    http_answer_free(&answer);
    const int64_t began_ns = monotonic_now_ns();
    assert_true(http_client_request(&client, "GET", "/instances/a/wait?state=Running", NULL));
    assert_true(http_client_open(&other, mock.urls[0]));
    expect_health(&other);
    assert_true(monotonic_now_ns() - began_ns < 200 * NS_PER_MS);
    expect_answer(&client, 200,
                  "{\"state\":\"Running\",\"state_error\":null,\"timed_out\":false}\n");
    assert_true(monotonic_now_ns() - began_ns < 5 * NS_PER_SEC);

    /* INST-W-014, INST-W-009 */
    assert_true(http_client_request(&client, "GET", "/instances/a/wait?state=Stopped", NULL));
    assert_true(http_client_request(&other, "DELETE", "/instances/a", NULL));
    answer = read_answer(&other, 204);
    http_answer_free(&answer);
    answer = read_answer(&client, 404);
    http_answer_free(&answer);
    expect_health(&client);
    http_client_close(&client);
    http_client_close(&other);
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    program_free(&mock);
}

static void sigterm_ends_waits_at_once(void **state)
{
    enum { COUNT = 50 };
    struct program mock;
    struct http_client clients[COUNT];
    (void)state;

    assert_true(program_start(
        &mock, "hypeman-mock",
        (const char *[]){ "--listen", "127.0.0.1:0", "--log", "off", "--boot-delay", "1h", NULL }));
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(http_client_open(&clients[i], mock.urls[0]));
        if (i == 0) {
            assert_true(http_client_request(&clients[0], "POST", "/instances",
                                            "{\"name\":\"a\",\"image\":\"nginx\"}"));
            struct http_answer answer = read_answer(&clients[0], 201);
            http_answer_free(&answer);
        }
        assert_true(
            http_client_request(&clients[i], "GET", "/instances/a/wait?state=Running", NULL));
    }
    struct http_client last;
    assert_true(http_client_open(&last, mock.urls[0]));
    expect_health(&last); /* so all those before it are being waited for */
    const int64_t began_ns = monotonic_now_ns();
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    assert_true(monotonic_now_ns() - began_ns < 2 * NS_PER_SEC); /* the drain's limit */
    for (size_t i = 0; i < COUNT; i++) {
        struct http_answer answer = read_answer(&clients[i], 200);
        assert_string_equal(
            answer.body, "{\"state\":\"Initializing\",\"state_error\":null,\"timed_out\":true}\n");
        assert_true(http_answer_has_line(&answer, "Connection: close"));
        http_answer_free(&answer);
        http_client_close(&clients[i]);
    }
    http_client_close(&last);
    program_free(&mock);
}

static void it_listens_where_the_description_says(void **state) /* HTTP-001 */
{
    struct program mock;
    char output[16384] = "";
    const int memory = memfd_create("output", MFD_CLOEXEC);
    (void)state;

    assert_true(memory >= 0);
    assert_true(
        program_spawn_to(&mock, "hypeman-mock", (const char *[]){ "--help", NULL }, memory));
    assert_int_equal(program_wait(&mock), 0);
    assert_true(pread(memory, output, sizeof output - 1, 0) > 0);
    assert_non_null(strstr(output, "HYPEMAN_MOCK_LISTEN, default 127.0.0.1:4973]"));
    close(memory);
    program_free(&mock);
}

static void a_taken_port_says_what_to_do(void **state)
{
    const struct program *first = *state;
    const char *address = first->urls[0] + strlen("http://");
    struct program second;
    char expected[300];

    assert_true(
        program_spawn(&second, "hypeman-mock", (const char *[]){ "--listen", address, NULL }));
    assert_int_equal(program_wait(&second), 1);
    snprintf(expected, sizeof expected,
             "hypeman-mock: cannot listen on %s: address already in use; stop the other program "
             "or choose another port with --listen 127.0.0.1:0\n",
             address);
    assert_string_equal(second.output, expected);
    program_free(&second);
}

static void an_unknown_flag_proposes_the_nearest(void **state)
{
    struct program mock;
    (void)state;

    assert_true(program_spawn(&mock, "hypeman-mock", (const char *[]){ "--lisen", "x", NULL }));
    assert_int_equal(program_wait(&mock), 2);
    assert_non_null(strstr(mock.output, "did you mean --listen?"));
    program_free(&mock);
}

static void a_wrong_value_names_its_flag(void **state)
{
    struct program mock;
    (void)state;

    assert_true(program_spawn(&mock, "hypeman-mock",
                              (const char *[]){ "--default-hypervisor", "xen", NULL }));
    assert_int_equal(program_wait(&mock), 2);
    assert_non_null(strstr(mock.output, "--default-hypervisor"));
    assert_non_null(strstr(mock.output, "firecracker"));
    program_free(&mock);
}

static void the_log_has_a_line_per_request_and_no_token(void **state)
{
    struct program mock;
    struct http_client client;
    (void)state;

    assert_true(
        program_start(&mock, "hypeman-mock", (const char *[]){ "--listen", "127.0.0.1:0", NULL }));
    assert_true(http_client_open(&client, mock.urls[0]));
    assert_true(http_client_send_text(&client, "GET /instances?tags[a]=b HTTP/1.1\r\nHost: x\r\n"
                                               "Authorization: Bearer s3cret\r\n\r\n"));
    expect_answer(&client, 200, "[]\n");
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    assert_non_null(strstr(mock.output, "hypeman-mock 0.1.0 listening on http://127.0.0.1:"));
    assert_non_null(strstr(mock.output, "\nGET /instances?tags[a]=b 200 3 "));
    assert_null(strstr(mock.output, "s3cret"));
    program_free(&mock);
    http_client_close(&client);
}

static void a_seed_makes_ids_repeatable(void **state)
{
    char ids[2][25];
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        struct program mock;
        struct http_client client;
        assert_true(program_start(
            &mock, "hypeman-mock",
            (const char *[]){ "--listen", "127.0.0.1:0", "--seed", "7", "--log", "json", NULL }));
        assert_true(http_client_open(&client, mock.urls[0]));
        assert_true(http_client_request(&client, "POST", "/instances",
                                        "{\"name\":\"a\",\"image\":\"nginx\"}"));
        struct http_answer answer = read_answer(&client, 201);
        snprintf(ids[i], sizeof ids[i], "%.24s", strstr(answer.body, "\"id\":\"") + 6);
        http_answer_free(&answer);
        http_client_close(&client);
        assert_int_equal(program_stop(&mock, SIGINT), 0);
        assert_non_null(
            strstr(mock.output, "{\"method\":\"POST\",\"path\":\"/instances\",\"status\":201,"));
        program_free(&mock);
    }
    assert_string_equal(ids[0], ids[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_serves_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(http_1_0_is_answered_and_closed),
        cmocka_unit_test(head_and_options_are_405_with_allow_lines),
        cmocka_unit_test(absolute_targets_are_served),
        cmocka_unit_test(an_upgrade_to_http_2_is_ignored),
        cmocka_unit_test(no_header_changes_what_is_answered),
        cmocka_unit_test(the_coding_of_a_body_is_not_looked_at),
        cmocka_unit_test(answers_carry_a_date_and_what_describes_their_body),
        cmocka_unit_test(bad_request_lines_are_400_and_closed),
        cmocka_unit_test(who_expects_to_be_asked_without_a_body_is_answered),
        cmocka_unit_test(an_unknown_transfer_encoding_is_501_and_closed),
        cmocka_unit_test(garbage_harms_nobody_else),
        cmocka_unit_test(a_chunked_body_is_read),
        cmocka_unit_test(a_body_over_the_limit_is_413_and_the_connection_goes_on),
        cmocka_unit_test(a_chunked_body_over_the_limit_is_413_too),
        cmocka_unit_test(a_client_that_waits_for_100_is_told_413_before_it_sends),
        cmocka_unit_test(long_targets_and_headers_are_refused_in_the_apis_shape),
        cmocka_unit_test(json_deeper_than_64_is_refused),
        cmocka_unit_test(a_query_of_thousands_of_pairs_is_answered),
        cmocka_unit_test(half_a_request_then_a_close_leaves_nothing_behind),
        cmocka_unit_test(ten_thousand_idle_connections_do_not_stop_the_next),
        cmocka_unit_test(a_long_list_arrives_chunked_and_a_short_one_with_its_length),
        cmocka_unit_test(a_reader_that_goes_away_in_a_long_list_harms_nobody),
        cmocka_unit_test(sigterm_ends_it_at_once_though_connections_idle),
        cmocka_unit_test(sigterm_lets_a_request_that_has_begun_finish),
        cmocka_unit_test(a_second_signal_does_not_wait),
        cmocka_unit_test(a_wait_is_answered_when_the_boot_is_over),
        cmocka_unit_test(sigterm_ends_waits_at_once),
        cmocka_unit_test(it_listens_where_the_description_says),
        cmocka_unit_test(a_taken_port_says_what_to_do),
        cmocka_unit_test(an_unknown_flag_proposes_the_nearest),
        cmocka_unit_test(a_wrong_value_names_its_flag),
        cmocka_unit_test(the_log_has_a_line_per_request_and_no_token),
        cmocka_unit_test(a_seed_makes_ids_repeatable),
    };
    return cmocka_run_group_tests(tests, start_mock, stop_mock);
}

/* The memory of a connection: limits, refusals, reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/http/exchange.h"

enum { MAX_BODY = 100 };

static int setup(void **state)
{
    static struct exchange x;

    exchange_init(&x, MAX_BODY, TRUTH_SPEC);
    *state = &x;
    return 0;
}

static int teardown(void **state)
{
    exchange_fini(*state);
    return 0;
}

static bool head(struct exchange *x, const char *target, const char *name, const char *value)
{
    exchange_begin(x, text_of(target));
    exchange_add_header(x, TEXT("Host"), TEXT("x"));
    exchange_add_header(x, text_of(name), text_of(value));
    return exchange_check_head(x, TEXT("POST"), TEXT("HTTP/1.1"), 1);
}

static void a_request_is_collected_and_blanks_of_headers_dropped(void **state)
{
    struct exchange *x = *state;

    assert_true(head(x, "/a?b", "Authorization", " Bearer t \t"));
    assert_true(exchange_add_body(x, "{\"a\"", 4));
    assert_true(exchange_add_body(x, ":1}", 3));
    assert_true(exchange_check_body(x));
    assert_int_equal(x->request.method, HTTP_POST);
    assert_true(text_equal_cstr(x->request.path, "/a"));
    assert_true(text_equal_cstr(x->request.query, "b"));
    assert_true(text_equal_cstr(x->request.body, "{\"a\":1}"));
    assert_true(text_equal_cstr(
        http_find_header(x->request.headers, x->request.header_count, "authorization"),
        "Bearer t"));
}

static void nothing_of_a_request_survives_it(void **state)
{
    struct exchange *x = *state;
    char large[MAX_BODY + 1] = { 0 };

    assert_true(head(x, "/a?b", "X", "y"));
    assert_true(exchange_add_body(x, large, sizeof large));
    assert_false(exchange_check_body(x));
    exchange_end(x);

    assert_true(head(x, "/c", "Z", "y"));
    assert_true(exchange_check_body(x));
    assert_int_equal(x->request.header_count, 2);
    assert_int_equal(x->request.query.len, 0);
    assert_int_equal(x->request.body.len, 0);
    assert_int_equal(x->response.body.len, 0);
    assert_false(x->response.close);
}

static void a_body_at_the_limit_is_taken_and_one_byte_more_refused(void **state)
{
    struct exchange *x = *state;
    const char bytes[MAX_BODY] = { 0 };

    assert_true(head(x, "/a", "X", "y"));
    assert_true(exchange_add_body(x, bytes, sizeof bytes));
    assert_true(exchange_check_body(x));
    exchange_end(x);

    assert_true(head(x, "/a", "X", "y"));
    assert_true(exchange_add_body(x, bytes, sizeof bytes));
    assert_true(exchange_add_body(x, bytes, 1));
    assert_true(exchange_add_body(x, bytes, 1)); /* drained */
    assert_false(exchange_check_body(x));
    assert_int_equal(x->response.status, 413);
    assert_false(x->response.close); /* in step, so it goes on */
}

static void a_declared_length_decides_how_a_large_body_is_refused(void **state)
{
    struct exchange *x = *state;

    assert_true(head(x, "/a", "Content-Length", "101")); /* read to its end first */
    exchange_end(x);
    assert_false(head(x, "/a", "Content-Length", "99999999999"));
    assert_int_equal(x->response.status, 413);
    assert_true(x->response.close);
    exchange_end(x);
}

static void endless_drains_are_broken_off(void **state)
{
    struct exchange *x = *state;
    static const char piece[1024 * 1024];
    size_t pieces = 0;

    assert_true(head(x, "/a", "X", "y"));
    while (exchange_add_body(x, piece, sizeof piece))
        pieces++;
    assert_int_equal(pieces, EXCHANGE_MAX_DRAINED_BYTES / sizeof piece);
}

static void more_headers_than_kept_are_refused_not_forgotten(void **state)
{
    struct exchange *x = *state;

    exchange_begin(x, TEXT("/a"));
    exchange_add_header(x, TEXT("Host"), TEXT("x"));
    for (int i = 1; i < EXCHANGE_MAX_HEADERS; i++)
        exchange_add_header(x, TEXT("X"), TEXT("y"));
    assert_true(exchange_check_head(x, TEXT("GET"), TEXT("HTTP/1.1"), 1));
    exchange_end(x);

    exchange_begin(x, TEXT("/a"));
    for (int i = 0; i <= EXCHANGE_MAX_HEADERS; i++)
        exchange_add_header(x, TEXT("Host"), TEXT("y"));
    assert_false(exchange_check_head(x, TEXT("GET"), TEXT("HTTP/1.1"), 1));
    assert_int_equal(x->response.status, 431);
}

/* Where a body ends must not depend on who reads. */
static void a_body_whose_end_is_unclear_is_refused(void **state)
{
    struct exchange *x = *state;
    static const struct {
        const char *name;
        const char *first;
        const char *second; /* NULL: once */
        int status;         /* 0: taken   */
    } cases[] = {
        { "Transfer-Encoding", "Chunked", NULL, 0 },
        { "Transfer-Encoding", "chunked", "chunked", 501 }, /* coded twice? */
        { "Transfer-Encoding", "gzip", "chunked", 501 },
        { "Transfer-Encoding", "chunked", "identity", 501 },
        { "transfer-encoding", "gzip, chunked", "chunked", 501 },
        { "Transfer-Encoding", "chunked ", "chunked", 501 }, /* libmicrohttpd compares all of it */
        { "Transfer-Encoding", "", "chunked", 501 },
        { "Content-Length", "5", NULL, 0 },
        { "Content-Length", "5", "5", 0 },
        { "Content-Length", "5", "6", 400 },
        { "content-length", "5", "05", 400 },
        { "Content-Length ", "5", NULL, 400 }, /* libmicrohttpd takes it for another header */
        { "Transfer-Encoding\t", "chunked", NULL, 400 },
        { "", "5", NULL, 400 },
        { "A(b)", "5", NULL, 400 },
        { "!#$%&'*+-.^_`|~09azAZ", "5", NULL, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        exchange_begin(x, TEXT("/a"));
        exchange_add_header(x, TEXT("Host"), TEXT("x"));
        exchange_add_header(x, text_of(cases[i].name), text_of(cases[i].first));
        if (cases[i].second != NULL)
            exchange_add_header(x, text_of(cases[i].name), text_of(cases[i].second));
        const bool taken = exchange_check_head(x, TEXT("POST"), TEXT("HTTP/1.1"), 1);
        assert_int_equal(taken, cases[i].status == 0);
        if (!taken)
            assert_int_equal(x->response.status, cases[i].status);
        assert_int_equal(x->response.close, !taken);
        exchange_end(x);
    }
}

/* HTTP-003, HTTP-004 */
static void the_protocols_refusals_are_told_in_either_truth(void **state)
{
    static const struct {
        const char *target, *host, *name, *first, *second;
        int status;
        const char *told[2]; /* by enum truth */
    } cases[] = {
        { "*",
          "x",
          "A",
          "b",
          "c",
          400,
          { "{\"code\":\"Bad Request\",\"message\":\"malformed request target\"}",
            "400 Bad Request" } },
        { "/a",
          NULL,
          "A",
          "b",
          "c",
          400,
          { "{\"code\":\"Bad Request\",\"message\":\"missing required Host header\"}",
            "400 Bad Request: missing required Host header" } },
        { "/a",
          "x",
          "Transfer-Encoding",
          "gzip",
          "chunked",
          501,
          { "{\"code\":\"Not Implemented\",\"message\":\"unsupported transfer encoding\"}",
            "501 Not Implemented: unsupported transfer encoding" } },
        { "/a",
          "x",
          "Content-Length",
          "1",
          "2",
          400,
          { "{\"code\":\"Bad Request\",\"message\":\"two different Content-Length headers\"}",
            "400 Bad Request" } },
        { "/a",
          "x",
          "Content-Length ",
          "1",
          "1",
          400,
          { "{\"code\":\"Bad Request\",\"message\":\"malformed header name\"}",
            "400 Bad Request" } },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (enum truth truth = TRUTH_SPEC; truth <= TRUTH_SERVER; truth++) {
            struct exchange *x = *state;
            exchange_fini(x);
            exchange_init(x, MAX_BODY, truth);
            exchange_begin(x, text_of(cases[i].target));
            if (cases[i].host != NULL)
                exchange_add_header(x, TEXT("Host"), text_of(cases[i].host));
            exchange_add_header(x, text_of(cases[i].name), text_of(cases[i].first));
            exchange_add_header(x, text_of(cases[i].name), text_of(cases[i].second));
            assert_false(exchange_check_head(x, TEXT("GET"), TEXT("HTTP/1.1"), 1));
            assert_int_equal(x->response.status, cases[i].status);
            assert_true(text_equal_cstr(buffer_text(&x->response.body), cases[i].told[truth]));
            assert_string_equal(x->response.content_type, truth == TRUTH_SPEC
                                                              ? "application/json"
                                                              : "text/plain; charset=utf-8");
            assert_true(x->response.close);
        }
    }
}

/* Counts down to 0, but for where it has nothing to say or breaks. */
struct countdown {
    int left;
    int silent_at; /* once */
    int breaks_at;
    bool closed;
};

static bool next_number(void *ctx, struct buffer *out, bool *done)
{
    struct countdown *count = ctx;

    if (count->left == count->breaks_at)
        return false;
    if (count->left == count->silent_at) {
        count->silent_at = 0;
        return true;
    }
    buffer_appendf(out, "%d,", count->left);
    *done = --count->left == 0;
    return true;
}

static void close_numbers(void *ctx)
{
    ((struct countdown *)ctx)->closed = true;
}

static void given_stream(struct exchange *x, struct countdown *count)
{
    assert_true(head(x, "/a", "X", "y"));
    buffer_append_cstr(&x->response.body, "[");
    x->response.stream =
        (struct response_stream){ .next = next_number, .close = close_numbers, .ctx = count };
}

static void a_stream_is_read_in_any_piece_size_and_closed_once(void **state)
{
    for (size_t max = 1; max < 8; max++) {
        struct exchange *x = *state;
        struct countdown count = { .left = 3, .breaks_at = -1 };
        char all[64] = { 0 };
        char piece[8] = { 0 };
        size_t len;
        given_stream(x, &count);
        while (exchange_read_stream(x, piece, max, &len) == EXCHANGE_READ)
            strncat(all, piece, len);
        assert_string_equal(all, "[3,2,1,");
        assert_int_equal(exchange_read_stream(x, piece, max, &len), EXCHANGE_END);
        assert_false(count.closed);
        exchange_end(x);
        assert_true(count.closed);
    }
}

static void a_stream_idles_until_it_is_pulled_again(void **state)
{
    struct exchange *x = *state;
    struct countdown count = { .left = 2, .silent_at = 1, .breaks_at = -1 };
    char piece[8] = { 0 };
    size_t len;

    given_stream(x, &count);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_READ);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_READ);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_IDLES);
    assert_int_equal(len, 0);
    assert_true(response_pull(&x->response));
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_READ);
    assert_memory_equal(piece, "1,", 2);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_END);
    assert_int_equal(x->sent_bytes, strlen("[2,1,"));
    exchange_end(x);
}

static void a_stream_that_fails_is_broken_off(void **state)
{
    struct exchange *x = *state;
    struct countdown count = { .left = 2, .breaks_at = 1 };
    char piece[8];
    size_t len;

    given_stream(x, &count);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_READ);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_READ);
    assert_int_equal(exchange_read_stream(x, piece, sizeof piece, &len), EXCHANGE_BROKEN);
    exchange_end(x);
    assert_true(count.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_request_is_collected_and_blanks_of_headers_dropped),
        TEST(nothing_of_a_request_survives_it),
        TEST(a_body_at_the_limit_is_taken_and_one_byte_more_refused),
        TEST(a_declared_length_decides_how_a_large_body_is_refused),
        TEST(endless_drains_are_broken_off),
        TEST(more_headers_than_kept_are_refused_not_forgotten),
        TEST(a_body_whose_end_is_unclear_is_refused),
        TEST(the_protocols_refusals_are_told_in_either_truth),
        TEST(a_stream_is_read_in_any_piece_size_and_closed_once),
        TEST(a_stream_idles_until_it_is_pulled_again),
        TEST(a_stream_that_fails_is_broken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "gateway/rpc/gzip.h"

enum { LIMIT = 4 << 20 };

/* ---- Helpers ------------------------------------------------------------------------------- */

/* By zlib at its best, as a client would; format as in inflateInit2. */
static struct buffer packed(struct text plain, int window_bits)
{
    struct buffer out = buffer_capped(128 << 20);
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)plain.data, .avail_in = (uInt)plain.len };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t room = deflateBound(&z, plain.len);
    z.next_out = (Bytef *)buffer_reserve(&out, room);
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buffer_commit(&out, room - z.avail_out);
    deflateEnd(&z);
    return out;
}

static struct buffer zeros(size_t len)
{
    struct buffer out = buffer_capped(len);
    memset(buffer_reserve(&out, len), 0, len);
    buffer_commit(&out, len);
    return out;
}

static void assert_inflates_to(struct text in, enum gzip_format format, size_t limit,
                               struct text expected)
{
    SCOPED(buffer) struct buffer out = buffer_capped(0);
    struct error err = { 0 };
    if (!gzip_inflate(in, format, limit, &out, &err))
        fail_msg("%s", err.message);
    assert_true(text_equal(buffer_text(&out), expected));
}

static void assert_refused(struct text in, enum gzip_format format, size_t limit,
                           enum error_code code, const char *says)
{
    SCOPED(buffer) struct buffer out = buffer_capped(0);
    struct error err = { 0 };
    assert_false(gzip_inflate(in, format, limit, &out, &err));
    if (err.code != code || strstr(err.message, says) == NULL)
        fail_msg("expected \"%s\", got %s: %s", says, error_code_name(err.code), err.message);
    assert_null(out.data);
}

/* ---- Inflating ----------------------------------------------------------------------------- */

static void both_formats_of_grpc_inflate(void **state)
{
    (void)state;
    const struct text plain = TEXT("\n\x02s1");
    SCOPED(buffer) struct buffer gzip = packed(plain, 31);
    SCOPED(buffer) struct buffer zlib = packed(plain, 15);
    assert_inflates_to(buffer_text(&gzip), GZIP_GZIP, LIMIT, plain);
    assert_inflates_to(buffer_text(&zlib), GZIP_DEFLATE, LIMIT, plain);
    assert_refused(buffer_text(&zlib), GZIP_GZIP, LIMIT, ERROR_INVALID_ARGUMENT, "damaged");
    assert_refused(buffer_text(&gzip), GZIP_DEFLATE, LIMIT, ERROR_INVALID_ARGUMENT, "damaged");
}

static void of_no_bytes_comes_an_empty_message(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer empty = packed(TEXT(""), 31);
    assert_inflates_to(TEXT(""), GZIP_GZIP, LIMIT, TEXT(""));
    assert_inflates_to(buffer_text(&empty), GZIP_GZIP, LIMIT, TEXT(""));
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    static const size_t limits[] = { 1, 2, 16383, 16384, 16385, 65536, LIMIT };
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        SCOPED(buffer) struct buffer fits = zeros(limits[i]);
        SCOPED(buffer) struct buffer over = zeros(limits[i] + 1);
        for (enum gzip_format format = GZIP_GZIP; format <= GZIP_DEFLATE; format++) {
            const int bits = format == GZIP_GZIP ? 31 : 15;
            SCOPED(buffer) struct buffer in = packed(buffer_text(&fits), bits);
            SCOPED(buffer) struct buffer too_much = packed(buffer_text(&over), bits);
            assert_inflates_to(buffer_text(&in), format, limits[i], buffer_text(&fits));
            assert_refused(buffer_text(&too_much), format, limits[i], ERROR_RESOURCE_EXHAUSTED,
                           "bytes allowed");
        }
    }
}

static void a_message_that_lies_about_its_size_is_bound_all_the_same(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer plain = zeros(64 << 20);
    SCOPED(buffer) struct buffer bomb = packed(buffer_text(&plain), 31);
    assert_in_range(bomb.len, 60000, 70000);
    assert_refused(buffer_text(&bomb), GZIP_GZIP, LIMIT, ERROR_RESOURCE_EXHAUSTED, "4194304");
    memcpy(bomb.data + bomb.len - 4, "\1\0\0\0", 4);
    assert_refused(buffer_text(&bomb), GZIP_GZIP, LIMIT, ERROR_RESOURCE_EXHAUSTED, "4194304");
    memcpy(bomb.data + bomb.len - 4, "\xff\xff\xff\xff", 4);
    assert_refused(buffer_text(&bomb), GZIP_GZIP, LIMIT, ERROR_RESOURCE_EXHAUSTED, "4194304");
}

static void a_message_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    const struct text plain = TEXT("a message of a few words, a few of which come twice");
    for (enum gzip_format format = GZIP_GZIP; format <= GZIP_DEFLATE; format++) {
        SCOPED(buffer) struct buffer whole = packed(plain, format == GZIP_GZIP ? 31 : 15);
        for (size_t len = 1; len < whole.len; len++) {
            const struct text cut = { whole.data, len };
            assert_refused(cut, format, LIMIT, ERROR_INVALID_ARGUMENT, "cut short");
        }
    }
}

static void what_follows_the_end_is_refused(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer zlib = packed(TEXT("once"), 15);
    buffer_append_text(&zlib, TEXT("x"));
    assert_refused(buffer_text(&zlib), GZIP_DEFLATE, LIMIT, ERROR_INVALID_ARGUMENT, "follow");
    SCOPED(buffer) struct buffer gzip = packed(TEXT("once"), 31);
    SCOPED(buffer) struct buffer again = packed(TEXT("twice"), 31);
    buffer_append_text(&gzip, buffer_text(&again));
    assert_refused(buffer_text(&gzip), GZIP_GZIP, LIMIT, ERROR_INVALID_ARGUMENT, "follow");
}

static void a_wrong_check_sum_and_a_dictionary_are_refused(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer in = packed(TEXT("checked"), 31);
    in.data[in.len - 8] ^= 1;
    assert_refused(buffer_text(&in), GZIP_GZIP, LIMIT, ERROR_INVALID_ARGUMENT,
                   "incorrect data check");
    assert_refused(TEXT("\x78\xbb\0\0\0\1xx"), GZIP_DEFLATE, LIMIT, ERROR_INVALID_ARGUMENT,
                   "dictionary");
}

/* ---- Deflating ----------------------------------------------------------------------------- */

static void what_gets_smaller_is_deflated_and_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 64, 1000, 65536, 1 << 20, 16 << 20 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        SCOPED(buffer) struct buffer plain = buffer_capped(sizes[i] + 64);
        SCOPED(buffer) struct buffer out = buffer_capped(0);
        for (int n = 0; plain.len < sizes[i]; n++)
            buffer_appendf(&plain, "snapshot-%d of the instance, ", n % 100);
        assert_true(gzip_deflate(buffer_text(&plain), &out));
        assert_true(out.len <= plain.len - plain.len / 8);
        assert_inflates_to(buffer_text(&out), GZIP_GZIP, 32 << 20, buffer_text(&plain));
    }
}

static void what_does_not_get_smaller_is_left_alone(void **state)
{
    (void)state;
    uint8_t noise[4096];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof noise; i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (uint8_t)(x >> 24);
    }
    SCOPED(buffer) struct buffer out = buffer_capped(0);
    assert_false(gzip_deflate((struct text){ (const char *)noise, sizeof noise }, &out));
    assert_false(gzip_deflate(TEXT(""), &out));
    assert_false(gzip_deflate(TEXT("x"), &out));
    assert_null(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_of_grpc_inflate),
        cmocka_unit_test(of_no_bytes_comes_an_empty_message),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(a_message_that_lies_about_its_size_is_bound_all_the_same),
        cmocka_unit_test(a_message_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(what_follows_the_end_is_refused),
        cmocka_unit_test(a_wrong_check_sum_and_a_dictionary_are_refused),
        cmocka_unit_test(what_gets_smaller_is_deflated_and_comes_back),
        cmocka_unit_test(what_does_not_get_smaller_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

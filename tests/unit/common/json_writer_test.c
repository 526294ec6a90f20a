#include "tests/unit/common/check.h"

#include <float.h>

#include "common/json/json_writer.h"

static void commas_and_colons_are_placed_by_the_writer(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(1000);
    struct json_writer w = json_writer_to(&b, JSON_ESCAPE_MINIMAL);
    json_write_object_begin(&w);
    json_member_string(&w, "s", TEXT("x"));
    json_member_i64(&w, "i", -1);
    json_member_bool(&w, "t", true);
    json_member_null(&w, "n");
    json_write_key(&w, TEXT("a"));
    json_write_array_begin(&w);
    json_write_array_begin(&w);
    json_write_array_end(&w);
    json_write_object_begin(&w);
    json_write_object_end(&w);
    json_write_bool(&w, false);
    json_write_raw(&w, TEXT("[1]"));
    json_write_string(&w, TEXT(""));
    json_write_array_end(&w);
    json_member_i64(&w, "last", 2);
    json_write_object_end(&w);
    assert_text(buffer_text(&b), "{\"s\":\"x\",\"i\":-1,\"t\":true,\"n\":null,"
                                 "\"a\":[[],{},false,[1],\"\"],\"last\":2}");
}

static void strings_are_escaped_as_the_dialect_demands(void **state)
{
    (void)state;
    static const struct {
        struct text value;
        const char *minimal;
        const char *html;
    } rows[] = {
        { TEXT("plain"), "\"plain\"", "\"plain\"" },
        { { NULL, 0 }, "\"\"", "\"\"" },
        { TEXT("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
        { TEXT("a\0b\x1F\x7F"), "\"a\\u0000b\\u001f\x7F\"", "\"a\\u0000b\\u001f\x7F\"" },
        { TEXT("<a>&"), "\"<a>&\"", "\"\\u003ca\\u003e\\u0026\"" }, /* ERR-003 */
        { TEXT("\u2028\u2029\u20ac"), "\"\u2028\u2029\u20ac\"", "\"\\u2028\\u2029\u20ac\"" },
        { TEXT("x\xFFz"), "\"x\uFFFDz\"", "\"x\\ufffdz\"" },
        { TEXT("\xE2\x82"), "\"\uFFFD\uFFFD\"", "\"\\ufffd\\ufffd\"" },
        { TEXT("\U0001F600"), "\"\U0001F600\"", "\"\U0001F600\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(1000);
        assert_true(json_append_string(&b, rows[i].value, JSON_ESCAPE_MINIMAL));
        assert_text(buffer_text(&b), rows[i].minimal);
        buffer_clear(&b);
        assert_true(json_append_string(&b, rows[i].value, JSON_ESCAPE_HTML));
        assert_text(buffer_text(&b), rows[i].html);
    }
}

static void whole_numbers_keep_all_their_digits(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(1000);
    struct json_writer w = json_writer_to(&b, JSON_ESCAPE_MINIMAL);
    json_write_array_begin(&w);
    json_write_i64(&w, INT64_MIN);
    json_write_i64(&w, INT64_MAX);
    json_write_i64(&w, INT64_C(9007199254740993)); /* 2^53 + 1 */
    json_write_u64(&w, UINT64_MAX);
    json_write_i64(&w, 0);
    json_write_array_end(&w);
    assert_text(buffer_text(&b), "[-9223372036854775808,9223372036854775807,9007199254740993,"
                                 "18446744073709551615,0]");
}

static void doubles_have_the_fewest_digits_that_read_back(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 4, "4" }, /* JSON-006 */
        { 1.5, "1.5" },
        { 0, "0" },
        { -0.0, "-0" },
        { -3, "-3" },
        { 0.1, "0.1" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 1.0 / 3, "0.3333333333333333" },
        { 1e21, "1e+21" },
        { 5e-324, "5e-324" },
        { DBL_MAX, "1.7976931348623157e+308" },
        { DBL_MIN, "2.2250738585072014e-308" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(100);
        struct json_writer w = json_writer_to(&b, JSON_ESCAPE_MINIMAL);
        json_write_double(&w, rows[i].value);
        assert_text(buffer_text(&b), rows[i].text);
    }
    SCOPED(buffer) struct buffer b = buffer_capped(1000);
    struct json_writer w = json_writer_to(&b, JSON_ESCAPE_MINIMAL);
    json_write_array_begin(&w);
    json_write_float(&w, 0.1F);
    json_write_float(&w, FLT_MAX);
    json_write_float(&w, 1e-45F);
    json_write_float(&w, 16777216.0F);
    json_write_array_end(&w);
    assert_text(buffer_text(&b), "[0.1,3.4028235e+38,1e-45,16777216]");
}

static void a_full_buffer_is_noticed_at_the_end_and_never_passed(void **state)
{
    (void)state;
    bool done = false;
    for (size_t max = 0; !done; max++) {
        SCOPED(buffer) struct buffer b = buffer_capped(max);
        struct json_writer w = json_writer_to(&b, JSON_ESCAPE_HTML);
        json_write_object_begin(&w);
        json_member_string(&w, "key", TEXT("<a\n\xFF>"));
        json_write_key(&w, TEXT("k2"));
        json_write_double(&w, 1.5);
        json_write_object_end(&w);
        done = !b.failed;
        assert_true(b.len <= max);
        if (done)
            assert_int_equal(b.len, max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_colons_are_placed_by_the_writer),
        cmocka_unit_test(strings_are_escaped_as_the_dialect_demands),
        cmocka_unit_test(whole_numbers_keep_all_their_digits),
        cmocka_unit_test(doubles_have_the_fewest_digits_that_read_back),
        cmocka_unit_test(a_full_buffer_is_noticed_at_the_end_and_never_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

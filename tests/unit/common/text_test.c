#include "tests/unit/common/check.h"

static void equality_compares_bytes_and_lengths(void **state)
{
    (void)state;
    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(text_equal(TEXT("a"), TEXT("ab")));
    assert_true(text_equal(text_of(NULL), TEXT("")));
    assert_true(text_equal_cstr(TEXT("x"), "x"));
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(text_equal_nocase(TEXT("Content-TYPE"), TEXT("content-type")));
    assert_false(text_equal_nocase(TEXT("["), TEXT("{")));
    assert_false(text_equal_nocase(TEXT("\xC3\x84"), TEXT("\xC3\xA4"))); /* A and a umlaut */
}

static void comparison_is_by_bytes_and_a_prefix_comes_first(void **state)
{
    (void)state;
    assert_true(text_compare(TEXT("a"), TEXT("b")) < 0);
    assert_true(text_compare(TEXT("Z"), TEXT("a")) < 0);
    assert_true(text_compare(TEXT("a"), TEXT("a\xFF")) < 0);
    assert_true(text_compare(TEXT("a\xFF"), TEXT("ab")) > 0);
    assert_int_equal(text_compare(TEXT(""), text_of(NULL)), 0);
}

static void splitting_ends_with_data_null(void **state)
{
    (void)state;
    struct text rest = TEXT("a//b");
    assert_text(text_split(&rest, '/'), "a");
    assert_text(text_split(&rest, '/'), "");
    assert_non_null(rest.data);
    assert_text(text_split(&rest, '/'), "b");
    assert_null(rest.data);

    rest = TEXT("a/");
    assert_text(text_split(&rest, '/'), "a");
    assert_non_null(rest.data); /* one more part, the empty one */
    assert_text(text_split(&rest, '/'), "");
    assert_null(rest.data);
}

static void whole_numbers_are_read_up_to_the_ends_of_their_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "+1", true, 1 },
        { "01", true, 1 },
        { "9007199254740993", true, INT64_C(9007199254740993) }, /* 2^53 + 1 */
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999999999", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "+-1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "1.0", false, 0 },
        { "1e3", false, 0 },
        { "0x1", false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = -77;
        assert_int_equal(text_parse_i64(text_of(rows[i].text), &value), rows[i].ok);
        assert_true(value == (rows[i].ok ? rows[i].value : -77));
    }
    uint64_t big = 0;
    assert_true(text_parse_u64(TEXT("18446744073709551615"), &big));
    assert_true(big == UINT64_MAX);
    assert_false(text_parse_u64(TEXT("18446744073709551616"), &big));
    assert_false(text_parse_u64(TEXT("-1"), &big));
    assert_false(text_parse_u64(TEXT("+1"), &big));
}

static void utf8_is_judged_as_rfc_3629_says(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint32_t code_point; /* 0: not valid */
    } rows[] = {
        { "\x7F", 0x7F },
        { "\xC2\x80", 0x80 },
        { "\xDF\xBF", 0x7FF },
        { "\xE0\xA0\x80", 0x800 },
        { "\xED\x9F\xBF", 0xD7FF },
        { "\xEE\x80\x80", 0xE000 },
        { "\xEF\xBF\xBF", 0xFFFF },
        { "\xF0\x90\x80\x80", 0x10000 },
        { "\xF4\x8F\xBF\xBF", 0x10FFFF },
        { "\x80", 0 },             /* continuation alone     */
        { "\xC0\x80", 0 },         /* overlong NUL           */
        { "\xC1\xBF", 0 },         /* overlong               */
        { "\xE0\x9F\xBF", 0 },     /* overlong               */
        { "\xF0\x8F\xBF\xBF", 0 }, /* overlong               */
        { "\xED\xA0\x80", 0 },     /* surrogate              */
        { "\xED\xBF\xBF", 0 },     /* surrogate              */
        { "\xF4\x90\x80\x80", 0 }, /* above U+10FFFF         */
        { "\xF5\x80\x80\x80", 0 },
        { "\xFF", 0 },
        { "\xC3", 0 },         /* cut                    */
        { "\xE2\x82", 0 },     /* cut                    */
        { "\xF0\x9F\x98", 0 }, /* cut                    */
        { "\xE2\x28\xA1", 0 }, /* not a continuation     */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct text t = text_of(rows[i].bytes);
        uint32_t c = 0;
        assert_int_equal(text_utf8_next(t, &c), rows[i].code_point == 0 ? 0 : t.len);
        assert_int_equal(c, rows[i].code_point);
        assert_int_equal(text_is_utf8(t), rows[i].code_point != 0);
    }
    assert_true(text_is_utf8(TEXT("")));
    assert_true(text_is_utf8(TEXT("long enough for the fast path \xE2\x82\xAC and more of it")));
    assert_false(text_is_utf8(TEXT("long enough for the fast path \xE2\x82 and more of it")));
}

static void characters_are_counted_and_broken_bytes_count_one_each(void **state)
{
    (void)state;
    assert_int_equal(text_count_chars(TEXT("")), 0);
    assert_int_equal(text_count_chars(TEXT("abcdefghijklmnop")), 16);
    assert_int_equal(text_count_chars(TEXT("a\xE2\x82\xACz")), 3);
    assert_int_equal(text_count_chars(TEXT("\xE2\x82")), 2);
}

static void cutting_never_splits_a_character(void **state)
{
    (void)state;
    struct text t = TEXT("a\xF0\x9F\x98\x80z"); /* 1 + 4 + 1 bytes */
    static const size_t expected[] = { 0, 1, 1, 1, 1, 5, 6, 6 };
    for (size_t max = 0; max < ARRAY_LEN(expected); max++)
        assert_int_equal(text_cut_len(t, max), expected[max]);
    assert_int_equal(text_cut_len(TEXT("\x80\x80\x80\x80\x80"), 3), 3);
}

static void the_nearest_name_is_proposed_only_when_it_is_near(void **state)
{
    (void)state;
    static const char *const names[] = { "listen", "log", "truth", "seed", NULL };
    assert_string_equal(text_nearest("lisen", names), "listen");
    assert_string_equal(text_nearest("thruth", names), "truth");
    assert_string_equal(text_nearest("lg", names), "log");
    assert_null(text_nearest("completely-else", names));
    assert_null(text_nearest("", names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_compares_bytes_and_lengths),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(comparison_is_by_bytes_and_a_prefix_comes_first),
        cmocka_unit_test(splitting_ends_with_data_null),
        cmocka_unit_test(whole_numbers_are_read_up_to_the_ends_of_their_types),
        cmocka_unit_test(utf8_is_judged_as_rfc_3629_says),
        cmocka_unit_test(characters_are_counted_and_broken_bytes_count_one_each),
        cmocka_unit_test(cutting_never_splits_a_character),
        cmocka_unit_test(the_nearest_name_is_proposed_only_when_it_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

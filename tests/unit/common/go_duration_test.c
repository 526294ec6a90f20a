#include "tests/unit/common/check.h"

#include "common/json/go_duration.h"

static void durations_of_gos_grammar_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        { "0", 0 }, /* DUR-003 */
        { "+0", 0 },
        { "-0", 0 },
        { "0s", 0 },
        { "5s", INT64_C(5000000000) },
        { "+5s", INT64_C(5000000000) },
        { "-5s", INT64_C(-5000000000) },
        { "1.5s", 1500000000 }, /* DUR-001 */
        { ".5s", 500000000 },
        { "5.s", INT64_C(5000000000) },
        { "1ns", 1 },
        { "1us", 1000 },
        { "1\u00b5s", 1000 },
        { "1\u03bcs", 1000 },
        { "250ms", 250000000 },
        { "1h30m", INT64_C(5400000000000) },
        { "1s1h", INT64_C(3601000000000) }, /* DUR-002 */
        { "30m30m", INT64_C(3600000000000) },
        { "1h15m30.918273645s", INT64_C(4530918273645) },
        { "0.9223372036854775807h", INT64_C(3320413933267) },
        { "0.100000000000000000000h", INT64_C(360000000000) },
        { "0.3333333333333333333h", INT64_C(1200000000000) },
        { "9223372036854775807ns", INT64_MAX }, /* DUR-004 */
        { "9223372036854775.807us", INT64_MAX },
        { "-9223372036854775808ns", INT64_MIN },
        { "-2562047h47m16.854775808s", INT64_MIN },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ns = -77;
        struct error err = { 0 };
        if (!go_duration_parse(text_of(rows[i].text), &ns, &err))
            fail_msg("%s", err.message);
        assert_true(ns == rows[i].ns);
    }
}

static void anything_else_is_refused_in_gos_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        { "", "time: invalid duration \"\"" },
        { "x", "time: invalid duration \"x\"" },
        { "-", "time: invalid duration \"-\"" },
        { ".", "time: invalid duration \".\"" },
        { ".s", "time: invalid duration \".s\"" },
        { "+.s", "time: invalid duration \"+.s\"" },
        { "--5s", "time: invalid duration \"--5s\"" },
        { " 5s", "time: invalid duration \" 5s\"" },
        { "5s ", "time: unknown unit \"s \" in duration \"5s \"" },
        { "PT5M", "time: invalid duration \"PT5M\"" },
        { "5", "time: missing unit in duration \"5\"" },
        { "1h5", "time: missing unit in duration \"1h5\"" },
        { "00", "time: missing unit in duration \"00\"" },
        { "1d", "time: unknown unit \"d\" in duration \"1d\"" },
        { "1w", "time: unknown unit \"w\" in duration \"1w\"" },
        { "1 h", "time: unknown unit \" h\" in duration \"1 h\"" },
        { "1H", "time: unknown unit \"H\" in duration \"1H\"" },
        { "1e3s", "time: unknown unit \"e\" in duration \"1e3s\"" },
        { "\"\\", "time: invalid duration \"\\\"\\\\\"" },
        { "1\u20ac\n", "time: unknown unit \"\\xe2\\x82\\xac\\x0a\" in duration "
                       "\"1\\xe2\\x82\\xac\\x0a\"" },
        { "9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\"" },
        { "-9223372036854775809ns", "time: invalid duration \"-9223372036854775809ns\"" },
        { "9223372036854775.808us", "time: invalid duration \"9223372036854775.808us\"" },
        { "3000000h", "time: invalid duration \"3000000h\"" },
        { "99999999999999999999s", "time: invalid duration \"99999999999999999999s\"" },
        { "-9223372036854775808ns9223372036854775808ns",
          "time: invalid duration \"-9223372036854775808ns9223372036854775808ns\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ns = -77;
        struct error err = { 0 };
        assert_false(go_duration_parse(text_of(rows[i].text), &ns, &err));
        assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
        assert_true(ns == -77);
    }
}

static void durations_are_written_in_canonical_form(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        { 0, "0s" },
        { 1, "1ns" },
        { 999, "999ns" },
        { 1000, "1\u00b5s" },
        { 1500, "1.5\u00b5s" },
        { 1500000, "1.5ms" },
        { 500000000, "500ms" },
        { 1000000000, "1s" },
        { 1500000000, "1.5s" },
        { INT64_C(60000000000), "1m0s" },
        { INT64_C(90000000000), "1m30s" },
        { INT64_C(300000000000), "5m0s" },
        { INT64_C(3600000000000), "1h0m0s" },
        { INT64_C(3600000000001), "1h0m0.000000001s" },
        { INT64_C(129600000000000), "36h0m0s" },
        { -1500000000, "-1.5s" },
        { INT64_MAX, "2562047h47m16.854775807s" },
        { INT64_MIN, "-2562047h47m16.854775808s" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(100);
        int64_t back = 0;
        struct error err = { 0 };
        assert_true(go_duration_append(&b, rows[i].ns));
        assert_text(buffer_text(&b), rows[i].text);
        assert_true(go_duration_parse(buffer_text(&b), &back, &err));
        assert_true(back == rows[i].ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_of_gos_grammar_are_read),
        cmocka_unit_test(anything_else_is_refused_in_gos_words),
        cmocka_unit_test(durations_are_written_in_canonical_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Decoding of path parameters: common.md 6.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mock/api/params.h"

static void canonical_paths_escape_exactly_what_go_escapes(void **state)
{
    static const char *const canonical[] = { "/volumes/a", "/volumes/a%2541", "/a%20b",
                                             "/a-_.~$&+",  "/,:;=@",          "/%C3%A9" };
    static const char *const others[] = { "/volumes/a%41", "/%61A", "/s%2Fx", "/%c3%a9",
                                          "/a!b",          "/(x)",  "/a%2D",  "/\xC3\xA9" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(canonical); i++)
        assert_true(path_is_canonical(text_of(canonical[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(path_is_canonical(text_of(others[i])));
}

static void an_identifier_of_a_canonical_path_is_decoded_twice(void **state) /* PATH-002 */
{
    static const struct {
        const char *path;
        const char *segment;
        const char *value;
    } cases[] = {
        { "/volumes/a%2541", "a%2541", "aA" },
        { "/volumes/a%41", "a%41", "aA" },
        { "/volumes/%61A", "%61A", "aA" },
        { "/volumes/s%2Fx%2541", "s%2Fx%2541", "s/x%41" },
        { "/volumes/s%252FxA", "s%252FxA", "s/xA" },
        { "/volumes/a+b", "a+b", "a+b" }, /* PATH-004 */
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(arena) struct arena arena = arena_capped(SIZE_MAX);
        struct path_param param;
        struct error err = { 0 };
        assert_true(path_param_decode(text_of(cases[i].segment),
                                      path_is_canonical(text_of(cases[i].path)), &arena, &param,
                                      &err));
        assert_true(text_equal_cstr(param.value, cases[i].value));
        assert_null(param.bad_escape.data);
    }
}

static void a_failed_second_decoding_keeps_the_first(void **state) /* PATH-003 */
{
    SCOPED(arena) struct arena arena = arena_capped(SIZE_MAX);
    struct path_param param;
    struct error err = { 0 };
    (void)state;

    assert_true(path_param_decode(TEXT("50%25"), true, &arena, &param, &err));
    assert_true(text_equal_cstr(param.value, "50%"));
    assert_true(text_equal_cstr(param.bad_escape, "invalid URL escape \"%\""));
    assert_true(path_param_decode(TEXT("50%2525"), true, &arena, &param, &err));
    assert_true(text_equal_cstr(param.value, "50%"));
    assert_null(param.bad_escape.data);
}

static void a_path_decodes_when_every_percent_has_two_hex_digits(void **state)
{
    (void)state;
    assert_true(path_decodes(TEXT("/a%2f%20")));
    assert_false(path_decodes(TEXT("/a%")));
    assert_false(path_decodes(TEXT("/a%2")));
    assert_false(path_decodes(TEXT("/a%2g")));
}

static void an_absent_parameter_has_its_default(void **state)
{
    static const struct param_rule rules[] = {
        { .name = "name", .type = PARAM_STRING },
        { .name = "graceful", .type = PARAM_BOOLEAN, .fallback = "true" },
        { .name = "tail", .type = PARAM_INTEGER, .fallback = "100" },
        { 0 },
    };
    const struct query empty = { 0 };
    (void)state;

    assert_null(params_get(rules, &empty, "name").data);
    assert_true(params_get_bool(rules, &empty, "graceful"));
    assert_int_equal(params_get_integer(rules, &empty, "tail"), 100);
}

/* Checks one parameter of that rule given as `value`; NULL: not given. "" when it passes. */
static const char *check_one(const struct param_rule *rule, const char *value, struct error *err)
{
    const struct param_rule rules[] = { *rule, { 0 } };
    struct query_pair pair = { .key = text_of(rule->name), .value = text_of(value) };
    const struct query query = { .pairs = &pair, .count = value == NULL ? 0 : 1 };

    *err = (struct error){ 0 };
    (void)!params_check(rules, &query, TRUTH_SPEC, NULL, err);
    return err->message;
}

static void an_integer_is_base_10_and_fits_64_bits(void **state) /* VALID-021, VALID-051 */
{
    static const struct param_rule rule = { .name = "n", .type = PARAM_INTEGER };
    static const struct {
        const char *value;
        const char *reason; /* NULL: it passes */
        int64_t read;
    } cases[] = {
        { "0", NULL, 0 },
        { "+1", NULL, 1 },
        { "-3", NULL, -3 },
        { "01", NULL, 1 },
        { "9223372036854775807", NULL, INT64_MAX },
        { "-9223372036854775808", NULL, INT64_MIN },
        { "9223372036854775808", "value out of range", 0 },
        { "-9223372036854775809", "value out of range", 0 },
        { "99999999999999999999999", "value out of range", 0 },
        { "1.0", "invalid syntax", 0 },
        { "1e3", "invalid syntax", 0 },
        { "0x1", "invalid syntax", 0 },
        { "ten", "invalid syntax", 0 },
        { "+", "invalid syntax", 0 },
        { "--1", "invalid syntax", 0 },
        { " 1", "invalid syntax", 0 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct param_rule rules[] = { rule, { 0 } };
        struct query_pair pair = { .key = TEXT("n"), .value = text_of(cases[i].value) };
        const struct query query = { .pairs = &pair, .count = 1 };
        struct error err;
        char expected[200] = "";
        if (cases[i].reason != NULL)
            snprintf(expected, sizeof expected,
                     "parameter \"n\" in query has an error: value %s: an invalid integer: %s",
                     cases[i].value, cases[i].reason);
        assert_string_equal(check_one(&rule, cases[i].value, &err), expected);
        if (cases[i].reason == NULL)
            assert_true(params_get_integer(rules, &query, "n") == cases[i].read);
    }
}

static void a_required_parameter_must_be_there(void **state) /* VALID-019 */
{
    static const struct param_rule rule = { .name = "p", .type = PARAM_STRING, .required = true };
    struct error err;
    (void)state;

    assert_string_equal(check_one(&rule, NULL, &err),
                        "parameter \"p\" in query has an error: value is required but missing");
    assert_string_equal(check_one(&rule, "", &err),
                        "parameter \"p\" in query has an error: empty value is not allowed");
    assert_string_equal(check_one(&rule, "x", &err), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_paths_escape_exactly_what_go_escapes),
        cmocka_unit_test(an_identifier_of_a_canonical_path_is_decoded_twice),
        cmocka_unit_test(a_failed_second_decoding_keeps_the_first),
        cmocka_unit_test(a_path_decodes_when_every_percent_has_two_hex_digits),
        cmocka_unit_test(an_absent_parameter_has_its_default),
        cmocka_unit_test(an_integer_is_base_10_and_fits_64_bits),
        cmocka_unit_test(a_required_parameter_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

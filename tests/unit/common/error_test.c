#include "tests/unit/common/check.h"

#include <stdio.h>
#include <string.h>

static void setting_an_error_returns_false_and_keeps_code_field_and_message(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_false(error_set_field(&err, ERROR_NOT_FOUND, "snapshot_id", "no snapshot %s", "s1"));
    assert_error(err, ERROR_NOT_FOUND, "no snapshot s1");
    assert_string_equal(err.field, "snapshot_id");
}

static void a_prefix_stands_in_front_of_the_message(void **state)
{
    (void)state;
    struct error err = { 0 };
    error_set(&err, ERROR_INTERNAL, "broken");
    assert_false(error_prefix(&err, "%s: ", "file.json"));
    assert_error(err, ERROR_INTERNAL, "file.json: broken");
}

static void a_message_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t pad = 0; pad < 4; pad++) {
        char text[2048] = { 0 };
        memset(text, 'x', pad);
        for (size_t i = pad; i + 3 < sizeof text; i += 3)
            snprintf(text + i, 4, "%s", "\u20ac");
        struct error err = { 0 };
        error_set(&err, ERROR_INTERNAL, "%s", text);
        assert_true(strlen(err.message) > sizeof err.message - 4);
        assert_true(text_is_utf8(text_of(err.message)));

        error_prefix(&err, "%s", "\xE2\x82\xAC");
        assert_true(strlen(err.message) > sizeof err.message - 4);
        assert_true(text_is_utf8(text_of(err.message)));
        error_prefix(&err, "%s", text);
        assert_true(text_is_utf8(text_of(err.message)));
    }
}

static void a_field_name_too_long_is_cut(void **state)
{
    (void)state;
    struct error err = { 0 };
    char name[100] = { 0 };
    memset(name, 'f', sizeof name - 1);
    error_set_field(&err, ERROR_INTERNAL, name, "x");
    assert_int_equal(strlen(err.field), sizeof err.field - 1);
}

static void every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = 0; a < ERROR_CODE_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(error_code_name((enum error_code)a),
                                    error_code_name((enum error_code)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_returns_false_and_keeps_code_field_and_message),
        cmocka_unit_test(a_prefix_stands_in_front_of_the_message),
        cmocka_unit_test(a_message_too_long_is_cut_between_characters),
        cmocka_unit_test(a_field_name_too_long_is_cut),
        cmocka_unit_test(every_code_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

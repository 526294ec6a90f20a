#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/tags.h"
#include "tests/unit/mock/domain/world_fixture.h"

static bool check_key(struct text key, struct error *err)
{
    const struct pair pair = { key, TEXT("v") };
    *err = (struct error){ 0 };
    return tags_check_keys((struct pair_list){ &pair, 1 }, err);
}

static void keys_of_the_allowed_characters_pass(void **state)
{
    (void)state;
    struct error err;
    char longest[128];
    memset(longest, 'k', sizeof longest);

    assert_true(check_key(TEXT("aZ09 _.:/=+@-"), &err));
    assert_true(check_key(TEXT("hypeman.scheduled"), &err));
    assert_true(check_key((struct text){ longest, sizeof longest }, &err));
}

static void an_empty_key_is_out_of_range(void **state)
{
    (void)state;
    struct error err;
    assert_false(check_key(TEXT(""), &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: invalid tags: key \"\" length 0 out of range [1,128]");
    assert_string_equal(err.field, "tags");
}

static void a_key_of_129_characters_is_out_of_range(void **state)
{
    (void)state;
    struct error err;
    char key[129];
    memset(key, 'k', sizeof key);
    assert_false(check_key((struct text){ key, sizeof key }, &err));
    assert_non_null(strstr(err.message, "kkk\" length 129 out of range [1,128]"));
}

static void lengths_count_characters_not_bytes(void **state)
{
    (void)state;
    struct error err;
    char key[256];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = "\xC3\xA9"[i % 2];
    assert_false(check_key((struct text){ key, sizeof key }, &err));
    assert_non_null(strstr(err.message, "contains unsupported characters"));
}

static void other_characters_are_refused_with_the_key_quoted_as_go_does(void **state)
{
    (void)state;
    struct error err;
    assert_false(check_key(TEXT("a%d"), &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: invalid tags: key \"a%d\" contains unsupported characters");
    assert_false(check_key(TEXT("say \"hi\"\n"), &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: invalid tags: key \"say \\\"hi\\\"\\n\" contains "
                    "unsupported characters");
    assert_false(check_key((struct text){ "a\0b", 3 }, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: invalid tags: key \"a\\x00b\" contains unsupported "
                    "characters");
}

static void the_first_bad_key_in_byte_order_is_reported(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_false(tags_check_keys(PAIRS(PAIR("a", "1"), PAIR("b!", "2"), PAIR("c!", "3")), &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: invalid tags: key \"b!\" contains unsupported characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_the_allowed_characters_pass),
        cmocka_unit_test(an_empty_key_is_out_of_range),
        cmocka_unit_test(a_key_of_129_characters_is_out_of_range),
        cmocka_unit_test(lengths_count_characters_not_bytes),
        cmocka_unit_test(other_characters_are_refused_with_the_key_quoted_as_go_does),
        cmocka_unit_test(the_first_bad_key_in_byte_order_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

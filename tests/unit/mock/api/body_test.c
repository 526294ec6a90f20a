#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/body.h"

static struct body_value parse(const char *source, struct arena *arena)
{
    struct body_value value;
    struct error err = { 0 };
    assert_true(body_parse(text_of(source), arena, &value, &err));
    return value;
}

static void members_come_out_in_byte_order_whatever_their_number(void **state)
{
    (void)state;
    for (unsigned count = 0; count < 200; count += 7) {
        SCOPED(arena) struct arena arena = arena_capped(SIZE_MAX);
        char source[4096] = "{";
        size_t len = 1;
        for (unsigned i = 0; i < count; i++)
            len += (size_t)snprintf(source + len, sizeof source - len, "%s\"%u\":%u",
                                    i == 0 ? "" : ",", i * 7919 % 1009, i);
        strcpy(source + len, "}");
        const struct body_value value = parse(source, &arena);
        assert_int_equal(value.member_count, count);
        for (unsigned i = 1; i < count; i++)
            assert_true(text_compare(value.members[i - 1].key, value.members[i].key) < 0);
    }
}

static void the_last_of_repeated_keys_wins(void **state) /* VALID-038 */
{
    SCOPED(arena) struct arena arena = arena_capped(SIZE_MAX);
    (void)state;

    const struct body_value value =
        parse("{\"b\":1,\"a\":1,\"b\":2,\"c\":0,\"b\":3,\"a\":2}", &arena);
    assert_int_equal(value.member_count, 3);
    assert_int_equal(body_i64(&value, "a", -1), 2);
    assert_int_equal(body_i64(&value, "b", -1), 3);
}

static void added_members_keep_the_order(void **state)
{
    SCOPED(arena) struct arena arena = arena_capped(SIZE_MAX);
    struct body_value value = parse("{\"b\":1,\"d\":1}", &arena);
    const char *const keys[] = { "c", "a", "e" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        assert_true(
            body_add_member(&value, keys[i], (struct body_value){ .kind = BODY_NULL }, &arena));
    assert_int_equal(value.member_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(value.members[i].key.data[0], "abcde"[i]);
}

static void whole_numbers_are_recognised_however_written(void **state) /* VALID-040 */
{
    static const char *const whole[] = { "0",     "-0",     "3",      "3.0",
                                         "1e0",   "1.5e1",  "10e-1",  "0.0",
                                         "0e-99", "-30E-1", "1e9999", "99999999999999999999" };
    static const char *const broken[] = { "1.5", "1e-1", "15e-1", "0.1", "1.05e1", "-2.25" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        assert_true(body_number_is_whole(text_of(whole[i])));
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        assert_false(body_number_is_whole(text_of(broken[i])));
}

static void estimates_are_good_enough_for_limits(void **state)
{
    (void)state;
    assert_true(body_number_estimate(TEXT("19.0")) == 19);
    assert_true(body_number_estimate(TEXT("-1e0")) == -1);
    assert_true(body_number_estimate(TEXT("2e1")) == 20);
    assert_true(body_number_estimate(TEXT("200e-1")) == 20);
    assert_true(body_number_estimate(TEXT("1e99999")) > 1e18);
    assert_true(body_number_estimate(TEXT("0e99999")) == 0);
    assert_true(body_number_estimate(TEXT("1e-99999")) >= 0);
}

static void a_body_of_too_many_values_is_refused(void **state)
{
    SCOPED(arena) struct arena arena = arena_capped(64 * 1024);
    static char source[100001];
    struct body_value value;
    struct error err = { 0 };
    (void)state;

    source[0] = '[';
    for (size_t i = 1; i + 1 < sizeof source; i += 2)
        memcpy(source + i, "1,", 2);
    assert_false(body_parse((struct text){ source, sizeof source - 1 }, &arena, &value, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_out_in_byte_order_whatever_their_number),
        cmocka_unit_test(the_last_of_repeated_keys_wins),
        cmocka_unit_test(added_members_keep_the_order),
        cmocka_unit_test(whole_numbers_are_recognised_however_written),
        cmocka_unit_test(estimates_are_good_enough_for_limits),
        cmocka_unit_test(a_body_of_too_many_values_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

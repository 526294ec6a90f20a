#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/pairs.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void sorting_orders_pairs_by_key_in_byte_order(void **state)
{
    (void)state;
    struct pair pairs[] = { PAIR("b", "1"), PAIR("ab", "2"), PAIR("B", "3"), PAIR("a", "4") };
    static const char *const expected[] = { "B", "a", "ab", "b" };

    pairs_sort(pairs, ARRAY_LEN(pairs));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_text_is(pairs[i].key, expected[i]);
    pairs_sort(NULL, 0);
}

static void a_pair_is_found_by_its_exact_key(void **state)
{
    (void)state;
    struct pair_list list = PAIRS(PAIR("a", "1"), PAIR("b", ""), PAIR("c", "3"));

    assert_text_is(*pairs_find(list, TEXT("a")), "1");
    assert_text_is(*pairs_find(list, TEXT("b")), "");
    assert_text_is(*pairs_find(list, TEXT("c")), "3");
    assert_null(pairs_find(list, TEXT("A")));
    assert_null(pairs_find(list, TEXT("")));
    assert_null(pairs_find((struct pair_list){ 0 }, TEXT("a")));
}

static void all_wanted_pairs_must_match_exactly(void **state)
{
    (void)state;
    struct pair_list list = PAIRS(PAIR("env", "prod"), PAIR("team", "a"));

    assert_true(pairs_match(list, (struct pair_list){ 0 }));
    assert_true(pairs_match(list, PAIRS(PAIR("team", "a"))));
    assert_true(pairs_match(list, PAIRS(PAIR("team", "a"), PAIR("env", "prod"))));
    assert_false(pairs_match(list, PAIRS(PAIR("team", "A"))));
    assert_false(pairs_match(list, PAIRS(PAIR("team", "a"), PAIR("env", "dev"))));
    assert_false(pairs_match((struct pair_list){ 0 }, PAIRS(PAIR("team", "a"))));
}

static void an_absent_key_does_not_match_the_empty_value(void **state)
{
    (void)state;
    assert_false(pairs_match(PAIRS(PAIR("a", "1")), PAIRS(PAIR("k", ""))));
    assert_true(pairs_match(PAIRS(PAIR("k", "")), PAIRS(PAIR("k", ""))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_orders_pairs_by_key_in_byte_order),
        cmocka_unit_test(a_pair_is_found_by_its_exact_key),
        cmocka_unit_test(all_wanted_pairs_must_match_exactly),
        cmocka_unit_test(an_absent_key_does_not_match_the_empty_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

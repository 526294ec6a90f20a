#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/resource_id.h"
#include "tests/support/fake_env.h"

static void ids_have_the_form_of_the_contract(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    for (int i = 0; i < 1000; i++) {
        struct resource_id id = resource_id_random(&fake.env);
        assert_in_range(id.chars[0], 'a', 'z');
        for (int c = 1; c < RESOURCE_ID_LEN; c++)
            assert_non_null(memchr("0123456789abcdefghijklmnopqrstuvwxyz", id.chars[c], 36));
    }
}

static void the_same_seed_gives_the_same_ids_and_each_is_new(void **state)
{
    (void)state;
    struct fake_env a, b;
    fake_env_init(&a);
    fake_env_init(&b);
    struct resource_id first = resource_id_random(&a.env);
    struct resource_id second = resource_id_random(&a.env);
    struct resource_id again = resource_id_random(&b.env);
    assert_memory_equal(first.chars, again.chars, RESOURCE_ID_LEN);
    assert_memory_not_equal(first.chars, second.chars, RESOURCE_ID_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_have_the_form_of_the_contract),
        cmocka_unit_test(the_same_seed_gives_the_same_ids_and_each_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "gateway/rpc/limits.h"

static struct limits wished(size_t descriptors)
{
    return (struct limits){ .descriptors = descriptors,
                            .workers = 2,
                            .max_inflight = 1000,
                            .pool = 500,
                            .max_connections = 10000 };
}

static void enough_descriptors_change_nothing(void **state)
{
    (void)state;
    struct limits limits = wished(1 << 20);
    const struct limits before = limits;
    assert_int_equal(limits_fit(&limits, 256), LIMITS_FIT);
    assert_memory_equal(&limits, &before, sizeof limits);
}

static void connections_take_what_calls_leave(void **state)
{
    (void)state;
    struct limits limits = wished(3000);
    assert_int_equal(limits_fit(&limits, 256), LIMITS_FIT);
    assert_int_equal(limits.max_inflight, 1000);
    assert_int_equal(limits.pool, 500);
    assert_in_range(limits.max_connections, 256, 1000);
    assert_int_equal(limits_needed(&limits), limits.descriptors);
}

static void too_few_for_the_connections_wanted_lower_calls_and_pool(void **state)
{
    (void)state;
    struct limits limits = wished(3000);
    assert_int_equal(limits_fit(&limits, 2000), LIMITS_LOWERED);
    assert_true(limits.pool < 500);
    assert_int_equal(limits_needed(&limits), limits.descriptors);
}

static void whatever_there_is_suffices_for_what_is_left(void **state)
{
    (void)state;
    for (size_t descriptors = 0; descriptors < 4000; descriptors++) {
        struct limits limits = wished(descriptors);
        const struct limits before = limits;
        if (limits_fit(&limits, 256) == LIMITS_TOO_FEW) {
            assert_in_range(descriptors, 0, 150);
            assert_memory_equal(&limits, &before, sizeof limits);
            continue;
        }
        assert_in_range(limits.max_inflight, 1, 1000);
        assert_in_range(limits.pool, 1, 500);
        assert_in_range(limits.max_connections, 1, 10000);
        assert_true(limits_needed(&limits) <= descriptors);
    }
}

static void as_many_calls_may_be_asked_for_as_the_rest_leaves(void **state)
{
    (void)state;
    struct limits limits = wished(1 << 20);
    limits.max_inflight = limits_most_inflight(&limits);
    assert_int_equal(limits_needed(&limits), limits.descriptors);
    limits.max_connections = limits.descriptors;
    assert_int_equal(limits_most_inflight(&limits), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_descriptors_change_nothing),
        cmocka_unit_test(connections_take_what_calls_leave),
        cmocka_unit_test(too_few_for_the_connections_wanted_lower_calls_and_pool),
        cmocka_unit_test(as_many_calls_may_be_asked_for_as_the_rest_leaves),
        cmocka_unit_test(whatever_there_is_suffices_for_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

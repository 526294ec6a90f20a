/* The three ways a world's clock runs, and that it never goes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mock/control/world_clock.h"
#include "tests/support/fake_env.h"

static void a_real_clock_runs_as_its_base_does(void **state)
{
    struct fake_env fake;
    (void)state;

    fake_env_init(&fake);
    const struct world_clock clock = world_clock_new(fake.env.clock, CLOCK_REAL);
    assert_int_equal(world_clock_now_ns(&clock), FAKE_ENV_START_NS);
    fake.now_ns += 7;
    assert_int_equal(world_clock_now_ns(&clock), FAKE_ENV_START_NS + 7);
}

static void a_virtual_clock_starts_on_the_same_day_and_stands(void **state)
{
    struct fake_env fake;
    (void)state;

    fake_env_init(&fake);
    fake.now_ns += 1000 * NS_PER_SEC;
    const struct world_clock clock = world_clock_new(fake.env.clock, CLOCK_VIRTUAL);
    fake.now_ns += 1000 * NS_PER_SEC;
    assert_int_equal(world_clock_now_ns(&clock), WORLD_CLOCK_VIRTUAL_START_NS);
}

static void a_clock_of_any_mode_moves_on_from_where_it_is(void **state)
{
    (void)state;
    for (enum clock_mode mode = 0; mode < CLOCK_MODE_COUNT; mode++) {
        struct fake_env fake;
        fake_env_init(&fake);
        struct world_clock clock = world_clock_new(fake.env.clock, mode);
        const struct clock value = world_clock_as_clock(&clock);
        const int64_t start_ns = value.now_ns(value.ctx);

        world_clock_move_to(&clock, start_ns + 60 * NS_PER_SEC);
        assert_int_equal(value.now_ns(value.ctx), start_ns + 60 * NS_PER_SEC);
        world_clock_move_to(&clock, start_ns); /* not back */
        assert_int_equal(value.now_ns(value.ctx), start_ns + 60 * NS_PER_SEC);
        fake.now_ns += NS_PER_SEC;
        assert_int_equal(value.now_ns(value.ctx),
                         start_ns + (mode == CLOCK_VIRTUAL ? 60 : 61) * NS_PER_SEC);
        world_clock_move_to(&clock, WORLD_CLOCK_LAST_NS);
        assert_int_equal(value.now_ns(value.ctx), WORLD_CLOCK_LAST_NS);
    }
}

static void another_mode_does_not_change_the_time(void **state)
{
    (void)state;
    for (enum clock_mode from = 0; from < CLOCK_MODE_COUNT; from++) {
        for (enum clock_mode to = 0; to < CLOCK_MODE_COUNT; to++) {
            struct fake_env fake;
            fake_env_init(&fake);
            struct world_clock clock = world_clock_new(fake.env.clock, from);
            world_clock_move_to(&clock, world_clock_now_ns(&clock) + 5);
            fake.now_ns += 77;
            const int64_t now_ns = world_clock_now_ns(&clock);

            world_clock_set_mode(&clock, to);
            assert_int_equal(world_clock_now_ns(&clock), now_ns);
            fake.now_ns += 10;
            assert_int_equal(world_clock_now_ns(&clock), now_ns + (to == CLOCK_VIRTUAL ? 0 : 10));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_clock_runs_as_its_base_does),
        cmocka_unit_test(a_virtual_clock_starts_on_the_same_day_and_stands),
        cmocka_unit_test(a_clock_of_any_mode_moves_on_from_where_it_is),
        cmocka_unit_test(another_mode_does_not_change_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which states end a wait for which, and when a state ends by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mock/domain/instance_wait.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void a_wait_ends_in_its_state_and_in_those_that_stay(void **state)
{
    static const bool stays[INSTANCE_STATE_COUNT] = {
        [INSTANCE_CREATED] = false, [INSTANCE_INITIALIZING] = false,
        [INSTANCE_RUNNING] = false, /* INST-W-015 */
        [INSTANCE_PAUSED] = true,   /* INST-W-007 */
        [INSTANCE_SHUTDOWN] = true, /* INST-W-007 */
        [INSTANCE_STOPPED] = true,  /* INST-W-007 */
        [INSTANCE_STANDBY] = true,  /* INST-W-007 */
        [INSTANCE_UNKNOWN] = true,  /* INST-W-007 */
    };
    (void)state;

    for (enum instance_state current = 0; current < INSTANCE_STATE_COUNT; current++) {
        for (enum instance_state target = 0; target < INSTANCE_STATE_COUNT; target++)
            assert_int_equal(instance_wait_is_over(current, target),
                             stays[current] || current == target); /* INST-W-006 */
    }
}

static void only_a_boot_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    const struct instance *instance = given_instance(f, "vm");
    const int64_t running_at_ns = instance->running_at_ns;

    assert_true(running_at_ns > f->fake.now_ns);
    assert_int_equal(instance_next_state_ns(instance, f->fake.now_ns), running_at_ns);
    assert_int_equal(instance_next_state_ns(instance, running_at_ns - 1), running_at_ns);
    assert_int_equal(instance_next_state_ns(instance, running_at_ns), INT64_MAX);
    const struct instance_request request = request_for("other");
    instance = given_state(f, &request, INSTANCE_STANDBY);
    assert_int_equal(instance_next_state_ns(instance, f->fake.now_ns), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_wait_ends_in_its_state_and_in_those_that_stay),
        TEST(only_a_boot_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

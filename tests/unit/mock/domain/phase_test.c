#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "mock/domain/phase.h"

static void phases_have_the_names_of_the_contract(void **state)
{
    (void)state;
    static const char *const names[] = { "created", "initializing", "running", "standby",
                                         "stopped" };
    assert_int_equal(ARRAY_LEN(names), PHASE_COUNT);
    for (enum instance_phase phase = 0; phase < PHASE_COUNT; phase++)
        assert_string_equal(phase_name(phase), names[phase]);
}

static void the_current_phase_counts_up_to_now(void **state)
{
    (void)state;
    struct phase_ledger ledger = phase_ledger_start(PHASE_INITIALIZING, 1000);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_INITIALIZING, 1000), 0);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_INITIALIZING, 1700), 700);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_RUNNING, 1700), 0);
}

static void stays_in_one_phase_add_up(void **state)
{
    (void)state;
    struct phase_ledger ledger = phase_ledger_start(PHASE_RUNNING, 0);
    phase_ledger_enter(&ledger, PHASE_STANDBY, 100);
    phase_ledger_enter(&ledger, PHASE_RUNNING, 130);
    phase_ledger_enter(&ledger, PHASE_STANDBY, 200);

    assert_int_equal(ledger.current, PHASE_STANDBY);
    assert_int_equal(ledger.since_ns, 200);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_RUNNING, 205), 170);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_STANDBY, 205), 35);
}

static void a_clock_that_went_backwards_books_nothing(void **state)
{
    (void)state;
    struct phase_ledger ledger = phase_ledger_start(PHASE_RUNNING, 1000);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_RUNNING, 900), 0);
    phase_ledger_enter(&ledger, PHASE_STOPPED, 900);
    assert_int_equal(phase_ledger_spent_ns(&ledger, PHASE_RUNNING, 2000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_have_the_names_of_the_contract),
        cmocka_unit_test(the_current_phase_counts_up_to_now),
        cmocka_unit_test(stays_in_one_phase_add_up),
        cmocka_unit_test(a_clock_that_went_backwards_books_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

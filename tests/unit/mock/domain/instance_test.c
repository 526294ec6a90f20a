#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/instance.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void state_names_go_both_ways(void **state)
{
    (void)state;
    static const char *const names[] = { "Created",  "Initializing", "Running", "Paused",
                                         "Shutdown", "Stopped",      "Standby", "Unknown" };
    assert_int_equal(ARRAY_LEN(names), INSTANCE_STATE_COUNT);
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        enum instance_state parsed = INSTANCE_STATE_COUNT;
        assert_string_equal(instance_state_name(s), names[s]);
        assert_true(instance_state_parse(text_of(names[s]), &parsed));
        assert_int_equal(parsed, s);
    }
    enum instance_state untouched = INSTANCE_PAUSED;
    assert_false(instance_state_parse(TEXT("running"), &untouched));
    assert_false(instance_state_parse(TEXT(""), &untouched));
    assert_int_equal(untouched, INSTANCE_PAUSED);
}

static void the_other_names_go_both_ways(void **state)
{
    (void)state;
    for (enum egress_mode m = 0; m < EGRESS_MODE_COUNT; m++) {
        enum egress_mode parsed = EGRESS_MODE_COUNT;
        assert_true(egress_mode_parse(text_of(egress_mode_name(m)), &parsed));
        assert_int_equal(parsed, m);
    }
    for (enum health_check_type t = 0; t < HEALTH_CHECK_TYPE_COUNT; t++) {
        enum health_check_type parsed = HEALTH_CHECK_TYPE_COUNT;
        assert_true(health_check_type_parse(text_of(health_check_type_name(t)), &parsed));
        assert_int_equal(parsed, t);
    }
    for (enum restart_policy_kind k = 0; k < RESTART_POLICY_KIND_COUNT; k++) {
        enum restart_policy_kind parsed = RESTART_POLICY_KIND_COUNT;
        assert_true(restart_policy_kind_parse(text_of(restart_policy_kind_name(k)), &parsed));
        assert_int_equal(parsed, k);
    }
    static const char *const health[] = { "disabled", "starting", "healthy", "unhealthy",
                                          "unknown" };
    for (enum health_status s = 0; s < HEALTH_STATUS_COUNT; s++)
        assert_string_equal(health_status_name(s), health[s]);
    static const char *const blocks[] = { "", "manual_stop", "max_attempts_exceeded" };
    for (enum restart_block b = 0; b < RESTART_BLOCK_COUNT; b++)
        assert_string_equal(restart_block_name(b), blocks[b]);
    static const char *const reasons[] = { "", "health_check_failed" };
    for (enum restart_reason r = 0; r < RESTART_REASON_COUNT; r++)
        assert_string_equal(restart_reason_name(r), reasons[r]);
    enum egress_mode mode;
    enum health_check_type type;
    enum restart_policy_kind kind;
    assert_false(egress_mode_parse(TEXT("All"), &mode));
    assert_false(health_check_type_parse(TEXT("udp"), &type));
    assert_false(restart_policy_kind_parse(TEXT("on-failure"), &kind));
}

static void stopped_standby_and_unknown_have_no_virtual_machine(void **state)
{
    (void)state;
    static const bool has[] = { true, true, true, true, true, false, false, false };
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++)
        assert_int_equal(instance_state_has_vmm(s), has[s]);
}

static void a_guest_is_up_from_its_boot_on(void **state)
{
    (void)state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++)
        assert_int_equal(instance_state_is_up(s),
                         s == INSTANCE_INITIALIZING || s == INSTANCE_RUNNING);
}

static void boot_ends_at_its_time_however_late_one_looks(void **state)
{
    struct fixture *f = *state;
    const struct instance *instance = given_instance(f, "web");
    int64_t start = instance->started_at_ns;
    int64_t ready = start + 250 * NS_PER_MS;

    struct instance_view view = instance_view(instance, ready - 1);
    assert_int_equal(view.state, INSTANCE_INITIALIZING);
    assert_int_equal(view.phases.current, PHASE_INITIALIZING);
    assert_int_equal(view.phases.since_ns, start);

    view = instance_view(instance, ready);
    assert_int_equal(view.state, INSTANCE_RUNNING);

    view = instance_view(instance, ready + 3600 * NS_PER_SEC);
    assert_int_equal(view.phases.current, PHASE_RUNNING);
    assert_int_equal(view.phases.since_ns, ready);
    assert_int_equal(phase_ledger_spent_ns(&view.phases, PHASE_INITIALIZING, ready + 1),
                     250 * NS_PER_MS);
    assert_int_equal(phase_ledger_spent_ns(&view.phases, PHASE_RUNNING, ready + 7), 7);
    assert_int_equal(phase_ledger_spent_ns(&view.phases, PHASE_CREATED, ready), 0);
}

static void only_standby_has_a_memory_image(void **state)
{
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        struct instance at = *given_running(f, instance_state_name(s));
        at.state = s;
        assert_int_equal(instance_view(&at, f->fake.now_ns).has_snapshot, s == INSTANCE_STANDBY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_names_go_both_ways),
        cmocka_unit_test(the_other_names_go_both_ways),
        cmocka_unit_test(stopped_standby_and_unknown_have_no_virtual_machine),
        cmocka_unit_test(a_guest_is_up_from_its_boot_on),
        cmocka_unit_test_setup_teardown(boot_ends_at_its_time_however_late_one_looks, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(only_standby_has_a_memory_image, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

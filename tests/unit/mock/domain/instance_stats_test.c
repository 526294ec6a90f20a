/* What an instance uses: instances.md 14, with the figures of its section 21. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/instance_stats.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/standby.h"
#include "tests/unit/mock/domain/world_fixture.h"

static struct instance_stats now(const struct fixture *f, const struct instance *instance)
{
    return instance_stats(instance, f->fake.now_ns);
}

static void a_running_instance_uses_a_share_of_what_it_has(void **state)
{
    struct fixture *f = *state;
    const struct instance *instance = given_instance(f, "web-1");

    f->fake.now_ns += 100 * NS_PER_SEC;
    const struct instance_stats stats = now(f, instance);
    assert_int_equal(stats.allocated_vcpus, 2); /* INST-STATS-003 */
    assert_int_equal(stats.allocated_memory_bytes, 1073741824);
    assert_int_equal(stats.cpu_centiseconds, 1000); /* 5 % of 2 processors */
    assert_int_equal(stats.memory_rss_bytes, 107372544);
    assert_int_equal(stats.memory_rss_bytes % 4096, 0);
    assert_int_equal(stats.memory_vms_bytes, 1073741824 + 268435456);
    assert_int_equal(stats.network_rx_bytes, 200000);
    assert_int_equal(stats.network_tx_bytes, 100000);
}

static void memory_counts_with_its_hotplug_part(void **state) /* INST-STATS-003 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web-1");

    request.config.size_bytes = 1000000001;
    request.config.hotplug_bytes = 7;
    assert_int_equal(now(f, given_request(f, &request)).allocated_memory_bytes, 1000000008);
}

static void
only_a_machine_that_is_up_uses_anything(void **state) /* INST-STATS-001, INST-STATS-002 */
{
    static const bool is_up[INSTANCE_STATE_COUNT] = {
        [INSTANCE_CREATED] = true, [INSTANCE_INITIALIZING] = true, [INSTANCE_RUNNING] = true,
        [INSTANCE_PAUSED] = true,  [INSTANCE_SHUTDOWN] = true,
    };
    struct fixture *f = *state;
    const struct instance_request request = request_for("web-1");

    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        const struct instance *instance = given_state(f, &request, s);
        f->fake.now_ns += 100 * NS_PER_MS;
        const struct instance_stats stats = now(f, instance);
        assert_int_equal(stats.allocated_vcpus, 2);
        assert_int_equal(stats.allocated_memory_bytes, 1073741824);
        assert_int_equal(stats.cpu_centiseconds, is_up[s] ? 1 : 0);
        assert_int_equal(stats.memory_rss_bytes > 0, is_up[s]);
        assert_int_equal(stats.memory_vms_bytes > 0, is_up[s]);
        assert_int_equal(stats.network_rx_bytes > 0, is_up[s]);
        assert_int_equal(stats.network_tx_bytes > 0, is_up[s]);
        fixture_restart(f, world_settings(f->world));
    }
}

static void nothing_is_sent_without_network(void **state) /* INST-STATS-005 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web-1");

    request.config.network.enabled = false;
    const struct instance *instance = given_request(f, &request);
    f->fake.now_ns += 100 * NS_PER_SEC;
    assert_int_equal(now(f, instance).network_rx_bytes, 0);
    assert_int_equal(now(f, instance).network_tx_bytes, 0);
    assert_int_equal(now(f, instance).cpu_centiseconds, 1000);
}

static void processor_time_never_falls_while_the_machine_lives(void **state) /* INST-STATS-006 */
{
    struct fixture *f = *state;
    const struct instance *instance = given_instance(f, "web-1");
    int64_t before = 0;

    for (size_t i = 0; i < 1000; i++) {
        f->fake.now_ns += 7919 * (int64_t)(i * i); /* steps of all sizes */
        const int64_t spent = now(f, instance).cpu_centiseconds;
        assert_true(spent >= before);
        before = spent;
    }
    assert_true(before > 0);
}

static void processor_time_starts_anew_with_every_machine(void **state) /* INST-STATS-006 */
{
    struct fixture *f = *state;
    const struct instance *instance = given_running(f, "web-1");
    const struct start_request as_before = { 0 };
    struct error err = { 0 };

    f->fake.now_ns += 100 * NS_PER_SEC;
    assert_true(instance_stop(f->world, instance->config->id, &instance, &err));
    assert_int_equal(now(f, instance).cpu_centiseconds, 0);
    f->fake.now_ns += 100 * NS_PER_SEC;
    assert_true(instance_start(f->world, instance->config->id, &as_before, &instance, &err));
    f->fake.now_ns += NS_PER_SEC;
    assert_int_equal(now(f, instance).cpu_centiseconds, 10);

    assert_true(instance_standby(f->world, instance->config->id, &(struct standby_request){ 0 },
                                 &instance, &err));
    assert_int_equal(now(f, instance).cpu_centiseconds, 0);
    f->fake.now_ns += 100 * NS_PER_SEC;
    assert_true(instance_restore(f->world, instance->config->id, &instance, &err));
    f->fake.now_ns += NS_PER_SEC;
    assert_int_equal(now(f, instance).cpu_centiseconds, 10);

    /* A snapshot of it while it runs takes it through standby and back (SNAP-S-001). */
    struct text id = instance->config->id;
    (void)given_snapshot(f, instance, SNAPSHOT_STANDBY, "");
    f->fake.now_ns += 2 * NS_PER_SEC;
    assert_int_equal(now(f, instances_find(f->world, id)).cpu_centiseconds, 20);
}

static void a_clock_that_went_backwards_shows_no_time(void **state)
{
    struct fixture *f = *state;
    const struct instance *instance = given_instance(f, "web-1");

    f->fake.now_ns -= 100 * NS_PER_SEC;
    assert_int_equal(now(f, instance).cpu_centiseconds, 0);
    assert_int_equal(now(f, instance).network_rx_bytes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_running_instance_uses_a_share_of_what_it_has),
        TEST(memory_counts_with_its_hotplug_part),
        TEST(only_a_machine_that_is_up_uses_anything),
        TEST(nothing_is_sent_without_network),
        TEST(processor_time_never_falls_while_the_machine_lives),
        TEST(processor_time_starts_anew_with_every_machine),
        TEST(a_clock_that_went_backwards_shows_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/world.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void a_new_world_is_empty_and_has_the_given_settings(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = world_settings_default();
    settings.boot_delay_ns = 42;
    fixture_restart(f, &settings);
    assert_int_equal(world_instance_count(f->world), 0);
    assert_int_equal(world_snapshot_count(f->world), 0);
    assert_int_equal(world_settings(f->world)->boot_delay_ns, 42);
    assert_int_equal(world_settings(f->world)->default_hypervisor, HYPERVISOR_FIRECRACKER);
    assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 0);
    f->fake.now_ns = 5;
    assert_int_equal(world_now_ns(f->world), 5);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    world_free(NULL);
}

static void the_same_calls_on_the_same_seed_give_the_same_world(void **state)
{
    struct fixture *f = *state;
    struct fake_env twin_env;
    fake_env_init(&twin_env);
    struct fixture twin = { .world = world_new(&twin_env.env, world_settings(f->world)) };
    fixture_restart(f, world_settings(twin.world));

    const struct instance *a = given_running(f, "web");
    const struct snapshot *s = given_snapshot(f, a, SNAPSHOT_STANDBY, "base");
    struct instance_request request = request_for("web");
    struct error err = { 0 };
    const struct instance *b = NULL;
    assert_true(instance_create(twin.world, &request, &b, &err));
    twin_env.now_ns = b->running_at_ns;
    struct snapshot_request capture = { .kind = SNAPSHOT_STANDBY, .name = TEXT("base") };
    const struct snapshot *t = NULL;
    assert_true(snapshot_create(twin.world, b->config->id, &capture, &t, &err));

    assert_true(text_equal(s->id, t->id));
    assert_true(text_equal(s->source->config->id, t->source->config->id));
    assert_int_equal(s->created_at_ns, t->created_at_ns);
    world_free(twin.world);
    assert_int_equal(twin_env.live_blocks, 0);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_new_world_is_empty_and_has_the_given_settings),
        cmocka_unit_test(freeing_nothing_is_fine),
        ON_WORLD(the_same_calls_on_the_same_seed_give_the_same_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

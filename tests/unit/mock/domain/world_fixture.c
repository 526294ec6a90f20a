#include "tests/unit/mock/domain/world_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_force.h"
#include "mock/domain/world_state.h"

static struct world_settings roomy_settings(void)
{
    struct world_settings settings = world_settings_default();
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        settings.capacity.oversub_permille[i] = 1000000;
    return settings;
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    fake_env_init(&f->fake);
    struct world_settings settings = roomy_settings();
    f->world = world_new(&f->fake.env, &settings);
    assert_non_null(f->world);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    world_free(f->world);
    assert_int_equal(f->fake.live_blocks, 0);
    free(f);
    return 0;
}

void fixture_restart(struct fixture *f, const struct world_settings *settings)
{
    struct world *fresh = world_new(&f->fake.env, settings); /* settings may be the old world's */
    assert_non_null(fresh);
    world_free(f->world);
    f->world = fresh;
}

struct instance_request request_for(const char *name)
{
    return (struct instance_request){
        .config = { .name = text_of(name),
                    .image = TEXT("alpine"),
                    .vcpus = 2,
                    .network = { .enabled = true } },
    };
}

struct health_check_policy http_check(void)
{
    return (struct health_check_policy){ .present = true,
                                         .type = HEALTH_CHECK_HTTP,
                                         .interval = TEXT("10s"),
                                         .interval_ns = 10 * NS_PER_SEC,
                                         .timeout = TEXT("2s"),
                                         .timeout_ns = 2 * NS_PER_SEC,
                                         .start_period = TEXT("30s"),
                                         .start_period_ns = 30 * NS_PER_SEC,
                                         .failure_threshold = 3,
                                         .success_threshold = 1,
                                         .port = 80,
                                         .http_path = TEXT("/"),
                                         .http_scheme = TEXT("http"),
                                         .http_expected_status = 200 };
}

struct restart_policy restart_policy(enum restart_policy_kind kind)
{
    return (struct restart_policy){ .kind = kind,
                                    .backoff_ns = 5 * NS_PER_SEC,
                                    .stable_after_ns = 600 * NS_PER_SEC };
}

const struct instance *given_request(struct fixture *f, const struct instance_request *request)
{
    const struct instance *instance = NULL;
    struct error err = { 0 };
    bool created = instance_create(f->world, request, &instance, &err);
    assert_done(created, &err);
    return instance;
}

const struct instance *given_instance(struct fixture *f, const char *name)
{
    struct instance_request request = request_for(name);
    return given_request(f, &request);
}

const struct instance *given_running(struct fixture *f, const char *name)
{
    const struct instance *instance = given_instance(f, name);
    f->fake.now_ns = instance->running_at_ns;
    return instance;
}

static const struct instance *forced(struct fixture *f, struct text id, enum instance_state state)
{
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_true(instance_force_state(f->world, id, state, &instance, &err));
    return instance;
}

const struct instance *given_state(struct fixture *f, const struct instance_request *request,
                                   enum instance_state state)
{
    return forced(f, given_request(f, request)->config->id, state);
}

void force_state(struct fixture *f, struct text id, enum instance_state state)
{
    (void)forced(f, id, state);
}

const struct snapshot *given_snapshot(struct fixture *f, const struct instance *source,
                                      enum snapshot_kind kind, const char *name)
{
    struct snapshot_request request = { .kind = kind, .name = text_of(name) };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    bool created = snapshot_create(f->world, source->config->id, &request, &snapshot, &err);
    assert_done(created, &err);
    return snapshot;
}

enum instance_state state_now(const struct fixture *f, const struct instance *instance)
{
    return instance_view(instance, f->fake.now_ns).state;
}

void assert_done(bool done, const struct error *err)
{
    assert_string_equal(err->message, "");
    assert_true(done);
}

void assert_error_is(const struct error *err, enum error_code code, const char *message)
{
    assert_string_equal(err->message, message);
    assert_string_equal(error_code_name(err->code), error_code_name(code));
}

void assert_text_is(struct text actual, const char *expected)
{
    if (text_equal_cstr(actual, expected))
        return;
    fail_msg("\"" TEXT_FMT "\" is not \"%s\"", TEXT_ARGS(actual), expected);
}

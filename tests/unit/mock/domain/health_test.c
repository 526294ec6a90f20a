/* What probes find: instances.md 17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/health.h"
#include "mock/domain/instance_force.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/snapshot_restore.h"
#include "mock/domain/standby.h"
#include "tests/unit/mock/domain/schedule_fixture.h"

#define SECOND NS_PER_SEC
#define PROBE  HEALTH_PROBE_LATENCY_NS

/* A checked instance, Running from this moment on. */
struct checked {
    struct fixture *f;
    struct resource_id id;
    int64_t running_ns;
};

static struct checked given_checked(struct fixture *f, const struct health_check_policy *policy)
{
    struct instance_request request = request_for("web");
    request.config.health_check = *policy;
    const struct instance *instance = given_request(f, &request);
    f->fake.now_ns = instance->running_at_ns;
    return (struct checked){ f, id_of(instance), f->fake.now_ns };
}

static const struct instance *stored(const struct checked *c)
{
    return instances_find(c->f->world, TEXT_OF(c->id));
}

static struct health health(const struct checked *c)
{
    return instance_view(stored(c), c->f->fake.now_ns).health;
}

static struct health health_after(struct checked *c, int64_t since_running_ns)
{
    c->f->fake.now_ns = c->running_ns + since_running_ns;
    return health(c);
}

static void probes_fail(const struct checked *c, bool failing)
{
    struct error err = { 0 };
    assert_true(health_set_failing(c->f->world, TEXT_OF(c->id), failing, &err));
}

static void assert_health_is(const struct checked *c, struct health is, struct health should)
{
    const struct {
        const char *what;
        int64_t is, should;
    } parts[] = {
        { "status", is.status, should.status },
        { "consecutive_failures", is.consecutive_failures, should.consecutive_failures },
        { "consecutive_successes", is.consecutive_successes, should.consecutive_successes },
        { "last_checked_at", is.last_checked_at_ns, should.last_checked_at_ns },
        { "last_failure_at", is.last_failure_at_ns, should.last_failure_at_ns },
        { "last_success_at", is.last_success_at_ns, should.last_success_at_ns },
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].is != parts[i].should)
            fail_msg("%s is %lld, not %lld, %lld ns after Running", parts[i].what,
                     (long long)parts[i].is, (long long)parts[i].should,
                     (long long)(c->f->fake.now_ns - c->running_ns));
    }
}

/* INST-HC-002, INST-HC-003, INST-HC-004. */
static void without_probes_the_status_follows_policy_and_state(void **state)
{
    const struct health_check_policy none = { .present = false };
    const struct health_check_policy type_none = { .present = true, .type = HEALTH_CHECK_NONE };
    const struct health_check_policy http = http_check();
    static const enum health_status checked[] = {
        [INSTANCE_CREATED] = HEALTH_UNKNOWN,  [INSTANCE_INITIALIZING] = HEALTH_STARTING,
        [INSTANCE_RUNNING] = HEALTH_STARTING, [INSTANCE_PAUSED] = HEALTH_UNKNOWN,
        [INSTANCE_SHUTDOWN] = HEALTH_UNKNOWN, [INSTANCE_STOPPED] = HEALTH_UNKNOWN,
        [INSTANCE_STANDBY] = HEALTH_UNKNOWN,  [INSTANCE_UNKNOWN] = HEALTH_UNKNOWN,
    };
    static const struct health nothing = { .status = HEALTH_DISABLED };
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        const struct instance *forced = NULL;
        struct error err = { 0 };
        fixture_restart(f, world_settings(f->world));
        struct checked c = given_checked(f, &http);
        assert_true(instance_force_state(f->world, TEXT_OF(c.id), s, &forced, &err));
        assert_health_is(&c, health(&c), (struct health){ .status = checked[s] });

        fixture_restart(f, world_settings(f->world));
        c = given_checked(f, &none);
        assert_true(instance_force_state(f->world, TEXT_OF(c.id), s, &forced, &err));
        assert_health_is(&c, health(&c), nothing);

        fixture_restart(f, world_settings(f->world));
        c = given_checked(f, &type_none);
        assert_true(instance_force_state(f->world, TEXT_OF(c.id), s, &forced, &err));
        assert_health_is(&c, health_after(&c, HOUR), nothing);
    }
}

/* INST-HC-005, INST-HC-007. */
static void the_first_probe_comes_at_once_and_then_one_per_interval(void **state)
{
    static const struct {
        int64_t at, last;
        int64_t successes;
        enum health_status status;
    } rows[] = {
        { 0, 0, 0, HEALTH_STARTING },
        { PROBE - 1, 0, 0, HEALTH_STARTING },
        { PROBE, PROBE, 1, HEALTH_STARTING },
        { PROBE + 10 * SECOND - 1, PROBE, 1, HEALTH_STARTING },
        { PROBE + 10 * SECOND, PROBE + 10 * SECOND, 2, HEALTH_HEALTHY },
        { 1000 * DAY, 1000 * DAY - 10 * SECOND + PROBE, 8640000, HEALTH_HEALTHY },
    };
    struct fixture *f = *state;
    struct health_check_policy policy = http_check();
    policy.success_threshold = 2;
    struct checked c = given_checked(f, &policy);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int64_t last_ns = rows[i].last == 0 ? 0 : c.running_ns + rows[i].last;
        const struct health should = { .status = rows[i].status,
                                       .consecutive_successes = rows[i].successes,
                                       .last_checked_at_ns = last_ns,
                                       .last_success_at_ns = last_ns };
        assert_health_is(&c, health_after(&c, rows[i].at), should);
    }
}

/* INST-HC-005. */
static void enough_failures_in_a_row_are_unhealthy_but_not_in_the_start_period(void **state)
{
    static const struct {
        int64_t start_period; /* from started_at, 250 ms before Running */
        int64_t threshold;
        int64_t failures_before; /* seen while still "starting" */
    } rows[] = {
        { 0, 1, 0 },
        { 0, 3, 2 },
        { 30 * SECOND, 3, 3 }, /* those at 0, 10, 20 s are in it, that at 30 s is not */
        { 30 * SECOND, 5, 4 },
        { 250 * NS_PER_MS + PROBE, 1, 0 },
        { 250 * NS_PER_MS + PROBE + 1, 1, 1 },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_restart(f, world_settings(f->world));
        struct health_check_policy policy = http_check();
        policy.start_period_ns = rows[i].start_period;
        policy.failure_threshold = rows[i].threshold;
        struct checked c = given_checked(f, &policy);
        probes_fail(&c, true);
        const int64_t turn = PROBE + rows[i].failures_before * 10 * SECOND;
        assert_int_equal(health_unhealthy_ns(stored(&c)), c.running_ns + turn);
        struct health before = health_after(&c, turn - 1);
        assert_int_equal(before.status, HEALTH_STARTING);
        assert_int_equal(before.consecutive_failures, rows[i].failures_before);
        assert_health_is(&c, health_after(&c, turn),
                         (struct health){ .status = HEALTH_UNHEALTHY,
                                          .consecutive_failures = rows[i].failures_before + 1,
                                          .last_checked_at_ns = c.running_ns + turn,
                                          .last_failure_at_ns = c.running_ns + turn });
        assert_int_equal(health_after(&c, DAY).status, HEALTH_UNHEALTHY);
    }
}

/* INST-HC-005, INST-HC-006. */
static void what_probes_find_adds_up_over_changes_of_how_they_end(void **state)
{
    enum change { STAYS, BREAKS, WORKS };
    /* Every 10 s, 3 failures in a row, 2 successes in a row. */
    static const struct {
        int64_t at;
        enum change then; /* the probes after it */
        enum health_status status;
        int64_t failures, successes;
        int64_t failure, success; /* the last ones, in seconds; -1: none */
    } rows[] = {
        { 5, STAYS, HEALTH_STARTING, 0, 1, -1, 0 },
        { 15, BREAKS, HEALTH_HEALTHY, 0, 2, -1, 10 },
        { 19, WORKS, HEALTH_HEALTHY, 0, 2, -1, 10 }, /* nobody noticed */
        { 25, BREAKS, HEALTH_HEALTHY, 0, 3, -1, 20 },
        { 35, STAYS, HEALTH_HEALTHY, 1, 0, 30, 20 },
        { 45, WORKS, HEALTH_HEALTHY, 2, 0, 40, 20 },
        { 55, BREAKS, HEALTH_HEALTHY, 0, 1, 40, 50 }, /* begins anew */
        { 75, STAYS, HEALTH_HEALTHY, 2, 0, 70, 50 },
        { 85, WORKS, HEALTH_UNHEALTHY, 3, 0, 80, 50 },
        { 95, BREAKS, HEALTH_UNHEALTHY, 0, 1, 80, 90 }, /* one success is not enough */
        { 105, WORKS, HEALTH_UNHEALTHY, 1, 0, 100, 90 },
        { 125, STAYS, HEALTH_HEALTHY, 0, 2, 100, 120 },
    };
    struct fixture *f = *state;
    struct health_check_policy policy = http_check();
    policy.start_period_ns = 0;
    policy.success_threshold = 2;
    struct checked c = given_checked(f, &policy);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int64_t base_ns = c.running_ns + PROBE;
        const int64_t failure_ns = rows[i].failure < 0 ? 0 : base_ns + rows[i].failure * SECOND;
        const int64_t success_ns = rows[i].success < 0 ? 0 : base_ns + rows[i].success * SECOND;
        assert_health_is(
            &c, health_after(&c, rows[i].at * SECOND),
            (struct health){
                .status = rows[i].status,
                .consecutive_failures = rows[i].failures,
                .consecutive_successes = rows[i].successes,
                .last_failure_at_ns = failure_ns,
                .last_success_at_ns = success_ns,
                .last_checked_at_ns = failure_ns > success_ns ? failure_ns : success_ns,
            });
        if (rows[i].then != STAYS)
            probes_fail(&c, rows[i].then == BREAKS);
    }
}

static void while_unhealthy_the_next_failure_says_so_again(void **state)
{
    struct fixture *f = *state;
    struct health_check_policy policy = http_check();
    policy.start_period_ns = 0;
    policy.success_threshold = 9;
    struct checked c = given_checked(f, &policy);
    probes_fail(&c, true);
    assert_int_equal(health_after(&c, 25 * SECOND).status, HEALTH_UNHEALTHY);
    probes_fail(&c, false);
    assert_int_equal(health_unhealthy_ns(stored(&c)), INT64_MAX);
    assert_int_equal(health_after(&c, 45 * SECOND).status, HEALTH_UNHEALTHY);
    probes_fail(&c, true);
    assert_int_equal(health_unhealthy_ns(stored(&c)), c.running_ns + PROBE + 50 * SECOND);
}

/* INST-HC-007; INST-U-014 for the policy. */
static void a_new_run_and_a_new_policy_begin_anew(void **state)
{
    static const struct health fresh = { .status = HEALTH_STARTING };
    struct fixture *f = *state;
    struct health_check_policy policy = http_check();
    policy.start_period_ns = 0;
    struct checked c = given_checked(f, &policy);
    const struct instance *out = NULL;
    struct error err = { 0 };

    probes_fail(&c, true);
    assert_int_equal(health_after(&c, HOUR).status, HEALTH_UNHEALTHY);
    assert_true(
        instance_standby(f->world, TEXT_OF(c.id), &(struct standby_request){ 0 }, &out, &err));
    assert_health_is(&c, health(&c), (struct health){ .status = HEALTH_UNKNOWN });
    assert_true(instance_restore(f->world, TEXT_OF(c.id), &out, &err));
    assert_health_is(&c, health(&c), fresh);
    f->fake.now_ns += PROBE; /* they still fail */
    assert_int_equal(health(&c).consecutive_failures, 1);

    const struct update_request update = { .health_check = policy };
    assert_true(instance_update(f->world, TEXT_OF(c.id), &update, &out, &err));
    assert_health_is(&c, health(&c), fresh);
    f->fake.now_ns += PROBE;
    assert_int_equal(health(&c).consecutive_failures, 1);

    probes_fail(&c, false);
    f->fake.now_ns += HOUR;
    assert_int_equal(health(&c).status, HEALTH_HEALTHY);
    assert_true(instance_stop(f->world, TEXT_OF(c.id), &out, &err));
    assert_health_is(&c, health(&c), (struct health){ .status = HEALTH_UNKNOWN });
    assert_true(instance_start(f->world, TEXT_OF(c.id), &(struct start_request){ 0 }, &out, &err));
    assert_health_is(&c, health(&c), fresh);
    f->fake.now_ns = out->running_at_ns;
    assert_health_is(&c, health(&c), fresh);
    f->fake.now_ns += PROBE;
    assert_int_equal(health(&c).consecutive_successes, 1);
}

static void how_probes_end_may_be_said_before_there_are_any(void **state)
{
    struct fixture *f = *state;
    const struct instance *out = NULL;
    struct error err = { 0 };
    struct checked c = given_checked(f, &(struct health_check_policy){ .present = false });
    probes_fail(&c, true);
    assert_int_equal(health_unhealthy_ns(stored(&c)), INT64_MAX);
    f->fake.now_ns += SECOND;
    const struct update_request update = { .health_check = http_check() };
    assert_true(instance_update(f->world, TEXT_OF(c.id), &update, &out, &err));
    f->fake.now_ns += PROBE;
    assert_int_equal(health(&c).consecutive_failures, 1);
}

/* They are no part of the guest, which is what a snapshot holds. */
static void a_restored_snapshot_changes_nothing_about_how_probes_end(void **state)
{
    struct fixture *f = *state;
    const struct health_check_policy policy = http_check();
    const struct instance *out = NULL;
    struct error err = { 0 };
    struct checked c = given_checked(f, &policy);
    const struct snapshot *snapshot = given_snapshot(f, stored(&c), SNAPSHOT_STANDBY, "s");
    probes_fail(&c, true);
    assert_true(
        instance_standby(f->world, TEXT_OF(c.id), &(struct standby_request){ 0 }, &out, &err));
    assert_true(snapshot_restore(f->world, TEXT_OF(c.id), snapshot->id,
                                 &(struct snapshot_target){ 0 }, &out, &err));
    f->fake.now_ns += PROBE;
    assert_int_equal(health(&c).consecutive_failures, 1);
}

/* INST-HC-006. */
static void a_failure_says_why_in_at_most_512_bytes(void **state)
{
    static char path[600];
    struct fixture *f = *state;
    memset(path, '/', sizeof path);
    struct health_check_policy http = http_check();
    struct health_check_policy tcp = http;
    struct health_check_policy exec = http;
    struct health_check_policy long_path = http;
    tcp.type = HEALTH_CHECK_TCP;
    exec.type = HEALTH_CHECK_EXEC;
    long_path.http_path = (struct text){ path, sizeof path };
    const struct {
        const struct health_check_policy *policy;
        const char *text;
    } rows[] = {
        { &http, "Get \"http://10.100.0.2:80/\": dial tcp 10.100.0.2:80: connect: connection "
                 "refused" },
        { &tcp, "dial tcp 10.100.0.2:80: connect: connection refused" },
        { &exec, "exec health check exited with status 1" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_restart(f, world_settings(f->world));
        struct checked c = given_checked(f, rows[i].policy);
        assert_string_equal(health_error_text(stored(&c)).text, rows[i].text);
    }
    fixture_restart(f, world_settings(f->world));
    struct checked c = given_checked(f, &long_path);
    assert_int_equal(strlen(health_error_text(stored(&c)).text), 512);
}

static void nobody_probes_what_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    assert_false(health_set_failing(f->world, TEXT("nobody"), true, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

static void how_probes_end_changes_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    const struct health_check_policy policy = http_check();
    struct checked c = given_checked(f, &policy);
    const struct instance *before = stored(&c);
    size_t failures = 0;
    for (bool done = false; !done; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        done = health_set_failing(f->world, TEXT_OF(c.id), true, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (done)
            break;
        assert_error_is(&err, ERROR_NO_MEMORY, "out of memory");
        assert_ptr_equal(stored(&c), before);
    }
    assert_in_range(failures, 2, 10);
    probes_fail(&c, true); /* nothing to do, and no memory needed for it */
    assert_int_equal(health_after(&c, PROBE).consecutive_failures, 1);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(without_probes_the_status_follows_policy_and_state),
        ON_WORLD(the_first_probe_comes_at_once_and_then_one_per_interval),
        ON_WORLD(enough_failures_in_a_row_are_unhealthy_but_not_in_the_start_period),
        ON_WORLD(what_probes_find_adds_up_over_changes_of_how_they_end),
        ON_WORLD(while_unhealthy_the_next_failure_says_so_again),
        ON_WORLD(a_new_run_and_a_new_policy_begin_anew),
        ON_WORLD(how_probes_end_may_be_said_before_there_are_any),
        ON_WORLD(a_restored_snapshot_changes_nothing_about_how_probes_end),
        ON_WORLD(a_failure_says_why_in_at_most_512_bytes),
        ON_WORLD(nobody_probes_what_is_not_there),
        ON_WORLD(how_probes_end_changes_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "mock/domain/health.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/checked.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"

/* The probes of one run under one policy: number n, counted from 1, reports at first_ns +
 * (n - 1) * interval_ns. The first `told` of them are summed up in so_far; the others all end
 * alike.
 */
struct course {
    int64_t first_ns;
    int64_t interval_ns;
    int64_t told;
    struct health so_far;
    bool failing;
};

static int64_t reports_by(const struct course *course, int64_t at_ns)
{
    return at_ns < course->first_ns ? 0 : (at_ns - course->first_ns) / course->interval_ns + 1;
}

static int64_t report_ns(const struct course *course, int64_t number)
{
    int64_t after_ns = 0;
    return i64_mul(number - 1, course->interval_ns, &after_ns)
               ? i64_add_capped(course->first_ns, after_ns)
               : INT64_MAX;
}

static bool is_checked(const struct instance *instance)
{
    const struct health_check_policy *policy = &instance->config->health_check;
    return policy->present && policy->type != HEALTH_CHECK_NONE;
}

static struct course course_of(const struct instance *instance)
{
    const struct health_check_policy *policy = &instance->config->health_check;
    const struct instance_hooks *hooks = instance->hooks;
    assert(policy->interval_ns > 0);
    int64_t begin_ns = i64_max(instance_running_since_ns(instance), policy->since_ns);
    struct course course = {
        .first_ns = i64_add_capped(begin_ns, HEALTH_PROBE_LATENCY_NS),
        .interval_ns = policy->interval_ns,
        .so_far = { .status = HEALTH_STARTING },
        .failing = hooks != NULL && hooks->probes_fail,
    };
    if (hooks != NULL && hooks->probes_since_ns > begin_ns) {
        course.so_far = hooks->probes_so_far;
        course.told = reports_by(&course, hooks->probes_since_ns);
    }
    return course;
}

/* The number of the failing report that finds it unhealthy: enough have failed, and none counts
 * against an instance in its start period (INST-HC-005). */
static int64_t unhealthy_number(const struct instance *instance, const struct course *course)
{
    const struct health_check_policy *policy = &instance->config->health_check;
    bool already = course->so_far.status == HEALTH_UNHEALTHY;
    int64_t missing = policy->failure_threshold - course->so_far.consecutive_failures;
    int64_t enough = course->told + (already ? 1 : i64_max(missing, 1));
    int64_t grace_end_ns = i64_add_capped(instance->started_at_ns, policy->start_period_ns);
    return already ? enough : i64_max(enough, reports_by(course, grace_end_ns - 1) + 1);
}

/* What the probes have found by now, as if it were Running. */
static struct health found_by(const struct instance *instance, int64_t now_ns)
{
    struct course course = course_of(instance);
    struct health health = course.so_far;
    int64_t number = reports_by(&course, now_ns);
    int64_t more = number - course.told;
    if (more <= 0)
        return health;

    health.last_checked_at_ns = report_ns(&course, number);
    if (course.failing) {
        health.last_failure_at_ns = health.last_checked_at_ns;
        health.consecutive_successes = 0;
        health.consecutive_failures += more;
        if (number >= unhealthy_number(instance, &course))
            health.status = HEALTH_UNHEALTHY;
    } else {
        health.last_success_at_ns = health.last_checked_at_ns;
        health.consecutive_failures = 0;
        health.consecutive_successes += more;
        if (health.consecutive_successes >= instance->config->health_check.success_threshold)
            health.status = HEALTH_HEALTHY;
    }
    return health;
}

struct health health_at(const struct instance *instance, int64_t now_ns)
{
    if (!is_checked(instance))
        return (struct health){ .status = HEALTH_DISABLED };
    if (instance->state == INSTANCE_INITIALIZING)
        return (struct health){ .status = HEALTH_STARTING };
    if (instance->state != INSTANCE_RUNNING)
        return (struct health){ .status = HEALTH_UNKNOWN };
    return found_by(instance, now_ns);
}

struct health_error_text health_error_text(const struct instance *instance)
{
    const struct health_check_policy *policy = &instance->config->health_check;
    const struct network_text ip = network_ip_text(&instance->address);
    struct health_error_text out = { "exec health check exited with status 1" };
    if (policy->type == HEALTH_CHECK_TCP)
        snprintf(out.text, sizeof out.text, "dial tcp %s:%" PRId64 ": connect: connection refused",
                 ip.text, policy->port);
    if (policy->type == HEALTH_CHECK_HTTP)
        snprintf(out.text, sizeof out.text,
                 "Get \"" TEXT_FMT "://%s:%" PRId64 TEXT_FMT "\": dial tcp %s:%" PRId64
                 ": connect: connection refused",
                 TEXT_ARGS(policy->http_scheme), ip.text, policy->port,
                 TEXT_ARGS(policy->http_path), ip.text, policy->port);
    return out;
}

int64_t health_unhealthy_ns(const struct instance *instance)
{
    if (instance->hooks == NULL || !instance->hooks->probes_fail || !is_checked(instance))
        return INT64_MAX;
    struct course course = course_of(instance);
    return report_ns(&course, unhealthy_number(instance, &course));
}

bool health_set_failing(struct world *world, struct text id, bool failing, struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    struct instance_hooks hooks = instance_hooks_of(&edit.next);
    if (hooks.probes_fail == failing)
        return true;
    hooks.probes_so_far = health_at(&edit.next, edit.now_ns);
    hooks.probes_since_ns = edit.now_ns;
    hooks.probes_fail = failing;
    return instance_hooks_commit(&edit, &hooks, err);
}

#include "mock/domain/restart.h"

#include "common/base/checked.h"
#include "mock/domain/bring_up.h"
#include "mock/domain/health.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

/* How soon a server looks again. It also keeps attempts apart whose backoff is shorter: else a
 * start that always fails would fill any time. */
#define CHECK_NS NS_PER_SEC

bool restart_status_equal(const struct restart_status *a, const struct restart_status *b)
{
    return a->attempts == b->attempts && a->blocked == b->blocked &&
           a->last_reason == b->last_reason && a->last_attempt_at_ns == b->last_attempt_at_ns &&
           a->next_attempt_at_ns == b->next_attempt_at_ns;
}

/* --- judging a record --------------------------------------------------------------------- */

/* By itself, that is: a stop ends the phase as well (INST-J-043). */
static bool has_ended(const struct instance *instance)
{
    enum instance_phase phase = instance->phases.current;
    return instance->state == INSTANCE_STOPPED && instance->has_exit_code &&
           (phase == PHASE_RUNNING || phase == PHASE_INITIALIZING);
}

static bool wants_restart(const struct instance *instance)
{
    bool succeeded = instance->has_exit_code && instance->exit_code == 0;
    enum restart_policy_kind kind = instance->config->restart.kind;
    return kind == RESTART_ALWAYS || (kind == RESTART_ON_FAILURE && !succeeded);
}

static bool is_used_up(const struct instance *instance)
{
    int64_t max = instance->config->restart.max_attempts;
    return max > 0 && instance->restart.attempts >= max;
}

static void block(struct restart_status *status)
{
    status->blocked = RESTART_MAX_ATTEMPTS_EXCEEDED;
    status->next_attempt_at_ns = 0;
}

void restart_plan(struct instance *edited, const struct world_settings *settings, int64_t now_ns)
{
    const struct restart_policy *policy = &edited->config->restart;
    struct restart_status *status = &edited->restart;
    if (!wants_restart(edited) || status->blocked != RESTART_NOT_BLOCKED)
        return;
    if (is_used_up(edited)) {
        block(status);
        return;
    }
    int64_t delay_ns = settings->quirks.restart_at_once ? CHECK_NS : policy->backoff_ns;
    status->next_attempt_at_ns =
        i64_max(i64_add_capped(now_ns, delay_ns),
                i64_add_capped(status->last_attempt_at_ns, policy->backoff_ns));
}

void restart_settle(struct instance *edited, int64_t now_ns)
{
    const struct restart_status *status = &edited->restart;
    int64_t stable_ns =
        i64_add_capped(status->last_attempt_at_ns, edited->config->restart.stable_after_ns);
    if (status->attempts > 0 && edited->state == INSTANCE_RUNNING && now_ns >= stable_ns)
        edited->restart = (struct restart_status){ 0 };
}

/* No sooner than the policy allows after the last attempt. What has used up its attempts gets new
 * ones when it is stable (INST-RP-009), however unhealthy. */
static int64_t unhealthy_due_ns(const struct instance *instance)
{
    const struct restart_policy *policy = &instance->config->restart;
    const struct restart_status *status = &instance->restart;
    bool is_blocked = status->blocked != RESTART_NOT_BLOCKED;
    int64_t wait_ns = i64_max(is_blocked ? policy->stable_after_ns : policy->backoff_ns, CHECK_NS);
    return i64_max(health_unhealthy_ns(instance),
                   i64_add_capped(status->last_attempt_at_ns, wait_ns));
}

int64_t restart_due_ns(const struct instance *instance)
{
    const struct restart_status *status = &instance->restart;
    if (instance->config->restart.kind == RESTART_NEVER || status->blocked == RESTART_MANUAL_STOP)
        return INT64_MAX;
    if (instance_state_is_up(instance->state))
        return unhealthy_due_ns(instance);
    if (instance->state != INSTANCE_STOPPED || status->blocked != RESTART_NOT_BLOCKED)
        return INT64_MAX;
    if (status->next_attempt_at_ns > 0)
        return status->next_attempt_at_ns;
    /* The policy came when all was over already. What was forced into a state may never have
     * started, and no rank of an index is 0 (cow_map.h). */
    return has_ended(instance) && wants_restart(instance) ? i64_max(instance->started_at_ns, 1)
                                                          : INT64_MAX;
}

/* --- acting ------------------------------------------------------------------------------- */

static struct history_event stop(struct instance_edit *edit)
{
    transition_stop(&edit->next, edit->now_ns);
    return (struct history_event){ .kind = HISTORY_STOPPED,
                                   .has_exit_code = edit->next.has_exit_code,
                                   .exit_code = edit->next.exit_code };
}

/* Stops what is up and starts it again, or tries to. */
static bool attempt(struct instance_edit *edit, struct error *err)
{
    struct history_event event = { .kind = HISTORY_RESTARTED };
    struct restart_status *status = &edit->next.restart;
    struct error refusal = { 0 };
    status->attempts++;
    status->last_attempt_at_ns = edit->now_ns;
    status->next_attempt_at_ns = 0;
    if (instance_state_is_up(edit->next.state))
        event = stop(edit);

    if (bring_up_cold(edit->world, &edit->next, edit->now_ns, &refusal)) {
        event = (struct history_event){ .kind = HISTORY_RESTARTED,
                                        .start = HISTORY_COLD_START,
                                        .until_ns = edit->next.running_at_ns };
    } else if (is_used_up(&edit->next)) {
        block(status);
    } else {
        status->next_attempt_at_ns =
            i64_add_capped(edit->now_ns, i64_max(edit->next.config->restart.backoff_ns, CHECK_NS));
    }
    return instance_edit_commit(edit, event, NULL, err);
}

static bool act(struct world *world, struct text id, struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    if (instance_state_is_up(edit.next.state))
        edit.next.restart.last_reason = RESTART_HEALTH_CHECK_FAILED;
    else if (has_ended(&edit.next))
        edit.next.restart.last_reason = RESTART_REASON_NONE;
    if (!is_used_up(&edit.next))
        return attempt(&edit, err);
    block(&edit.next.restart);
    return instance_edit_keep(&edit, NULL, err);
}

static const struct instance *first(const struct world *world)
{
    struct cow_cursor cursor;
    cow_cursor_seek(&cursor, &world->instances.maps[INSTANCES_BY_RESTART], (struct cow_key){ 0 });
    return cow_cursor_next(&cursor);
}

int64_t restart_next_ns(const struct world *world)
{
    const struct instance *instance = first(world);
    return instance == NULL ? INT64_MAX : restart_due_ns(instance);
}

bool restart_run(struct world *world)
{
    const int64_t now_ns = world_now_ns(world);
    while (restart_next_ns(world) <= now_ns) {
        struct error no_memory = { 0 };
        if (!act(world, first(world)->config->id, &no_memory))
            return false;
    }
    return true;
}

#include "mock/domain/transition.h"

#include "common/base/checked.h"
#include "mock/domain/instance_hooks.h"

static void forget_exit(struct instance *edited)
{
    edited->has_exit_code = false;
    edited->exit_code = 0;
}

int64_t transition_boot_end_ns(const struct instance *instance, int64_t now_ns,
                               int64_t boot_delay_ns)
{
    const struct instance_hooks *hooks = instance->hooks;
    const struct transition_wish wish =
        hooks == NULL ? (struct transition_wish){ 0 } : hooks->plan.of[TRANSITION_BOOT];
    if (wish.held)
        return INT64_MAX;
    return i64_add_capped(now_ns, wish.has_delay ? wish.delay_ns : boot_delay_ns);
}

/* The virtual machine process is up at once, so no time is spent in the phase `created`. */
void transition_boot(struct instance *edited, int64_t now_ns, int64_t boot_delay_ns)
{
    edited->state = INSTANCE_INITIALIZING;
    edited->started_at_ns = now_ns;
    edited->running_at_ns = transition_boot_end_ns(edited, now_ns, boot_delay_ns);
    edited->hold_until_ns = 0;
    forget_exit(edited);
    phase_ledger_enter(&edited->phases, PHASE_INITIALIZING, now_ns);
}

void transition_resume(struct instance *edited, int64_t now_ns)
{
    edited->state = INSTANCE_RUNNING;
    phase_ledger_enter(&edited->phases, PHASE_RUNNING, now_ns);
}

void transition_standby(struct instance *edited, int64_t now_ns)
{
    edited->state = INSTANCE_STANDBY;
    edited->stopped_at_ns = now_ns;
    phase_ledger_enter(&edited->phases, PHASE_STANDBY, now_ns);
}

/* An operation takes no time here; a millisecond is the least that shows (INST-J-041). */
void transition_resume_at_once(struct instance *edited, int64_t now_ns)
{
    enum { LEAST_STAY_NS = 1000000 };
    int64_t *spent = &edited->phases.spent_ns[PHASE_STANDBY];

    transition_resume(edited, now_ns);
    *spent = i64_add_capped(*spent, LEAST_STAY_NS);
}

/* Only a guest with an agent is asked to end, and says how it did (INST-ST-014). */
void transition_stop(struct instance *edited, int64_t now_ns)
{
    enum { KILLED_BY_SIGTERM = 143 };
    edited->state = INSTANCE_STOPPED;
    edited->stopped_at_ns = now_ns;
    edited->running_at_ns = 0;
    edited->has_exit_code = !edited->config->skip_guest_agent;
    edited->exit_code = edited->has_exit_code ? KILLED_BY_SIGTERM : 0;
    phase_ledger_enter(&edited->phases, PHASE_STOPPED, now_ns);
}

void transition_exit(struct instance *edited, int32_t exit_code)
{
    edited->state = INSTANCE_STOPPED;
    edited->running_at_ns = 0;
    edited->has_exit_code = true;
    edited->exit_code = exit_code;
}

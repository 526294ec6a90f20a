#include "mock/domain/instance_update.h"

#include <string.h>

#include "common/base/checked.h"
#include "mock/domain/credentials.h"
#include "mock/domain/instance_check.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/world_state.h"

struct update {
    const struct update_request *request;
    struct instance_edit edit;
    struct instance_config config; /* as it will be */
    struct pair *env;              /* of config; owned */
};

/* --- may it be done? NEW-053, in that order ------------------------------------------------ */

static bool check_auto_standby(struct update *update, struct error *err)
{
    const struct error *found = update->request->auto_standby_error;
    if (found == NULL)
        return true;
    return error_set_field(err, found->code, found->field, "%s", found->message);
}

static bool moves_deadline(const struct update_request *request)
{
    return request->has_ttl || request->has_expires_at;
}

static bool check_not_empty(struct update *update, struct error *err)
{
    const struct update_request *request = update->request;
    if (request->has_env || request->auto_standby.present || request->health_check.present ||
        request->has_restart || moves_deadline(request))
        return true;
    return error_set(err, ERROR_INVALID_ARGUMENT,
                     "invalid request: request must include env, auto_standby, health_check, "
                     "restart_policy, ttl, and/or expires_at");
}

static bool check_health(struct update *update, struct error *err)
{
    return !update->request->health_check.present || instance_check_health(&update->config, err);
}

static bool check_env_keys(struct update *update, struct error *err)
{
    return !update->request->has_env ||
           credentials_check_update(&update->edit.world->env->mem, &update->config,
                                    update->request->env, err);
}

/* A deadline that has passed cannot be moved any more (NEW-048), and a new one lies ahead. */
static bool check_deadline(struct update *update, struct error *err)
{
    const struct update_request *request = update->request;
    int64_t now_ns = update->edit.now_ns;
    int64_t deadline_ns = update->edit.next.expires_at_ns;
    if (!moves_deadline(request))
        return true;
    if (deadline_ns > 0 && deadline_ns <= now_ns)
        return error_set_field(err, ERROR_INVALID_STATE, "expires_at",
                               "instance expired: expiration deadline has passed");
    if (request->has_expires_at && request->expires_at_ns <= now_ns)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "expires_at",
                               "invalid expires_at: must be in the future");
    return true;
}

static bool check_env_state(struct update *update, struct error *err)
{
    enum instance_state state = update->edit.next.state;
    if (!update->request->has_env || instance_state_is_up(state))
        return true;
    return error_set_field(err, ERROR_INVALID_STATE, "env",
                           "invalid state transition: instance must be running or initializing to "
                           "update env (current state: %s)",
                           instance_state_name(state));
}

/* The keys are variables that credentials name, so they are all there already (INST-C-062). */
static bool merge_env(struct update *update, struct error *err)
{
    const struct pair_list before = update->config.env;
    struct error blank = { 0 };
    if (!update->request->has_env)
        return true;
    update->env =
        mem_alloc(&update->edit.world->env->mem, (before.count + 1) * sizeof *before.items);
    if (update->env == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < before.count; i++) {
        const struct text *value = pairs_find(update->request->env, before.items[i].key);
        update->env[i] = before.items[i];
        if (value != NULL)
            update->env[i].value = *value;
    }
    update->config.env = (struct pair_list){ update->env, before.count };
    if (credentials_check_env(&update->config, &blank))
        return true;
    return error_set_field(err, blank.code, "env", "%s", blank.message);
}

static bool (*const checks[])(struct update *, struct error *) = {
    check_auto_standby, check_not_empty, check_health, check_env_keys,
    check_deadline,     check_env_state, merge_env,
};

static bool check(struct update *update, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (!checks[i](update, err))
            return false;
    }
    return true;
}

/* --- what comes of it ---------------------------------------------------------------------- */

static void put_policies_in_force(struct update *update)
{
    const struct update_request *request = update->request;
    struct instance_config *config = &update->config;
    if (request->auto_standby.present) {
        config->auto_standby = request->auto_standby;
        config->auto_standby.since_ns = update->edit.now_ns;
    }
    if (request->health_check.present) {
        config->health_check = request->health_check;
        config->health_check.since_ns = update->edit.now_ns;
    }
    if (request->has_restart)
        config->restart = request->restart;
}

static void apply(struct update *update)
{
    const struct update_request *request = update->request;
    struct instance *next = &update->edit.next;
    int64_t at_ns = 0;
    next->config = &update->config;
    if (request->has_restart) { /* a stop by hand stays in force (INST-U-018) */
        bool stopped_by_hand = next->restart.blocked == RESTART_MANUAL_STOP;
        next->restart = (struct restart_status){
            .blocked = stopped_by_hand ? RESTART_MANUAL_STOP : RESTART_NOT_BLOCKED,
        };
    }
    if (request->has_expires_at)
        next->expires_at_ns = request->expires_at_ns;
    else if (request->has_ttl && request->ttl_ns == 0)
        next->expires_at_ns = 0;
    else if (request->has_ttl)
        next->expires_at_ns =
            i64_add(update->edit.now_ns, request->ttl_ns, &at_ns) ? at_ns : INT64_MAX;
}

bool instance_update(struct world *world, struct text id, const struct update_request *request,
                     const struct instance **out, struct error *err)
{
    struct update update = { .request = request };
    if (!instance_edit_begin(&update.edit, world, id, err))
        return false;
    update.config = *update.edit.next.config;
    update.config.refs = 0;
    put_policies_in_force(&update);

    bool done = check(&update, err);
    if (done) {
        apply(&update);
        done = instance_edit_commit(&update.edit, (struct history_event){ .kind = HISTORY_UPDATED },
                                    out, err);
    }
    mem_free(&world->env->mem, update.env);
    return done;
}

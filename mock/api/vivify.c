#include "mock/api/vivify.h"

#include <string.h>

#include "mock/api/operations.h"
#include "mock/domain/instance_create.h"
#include "mock/domain/instance_force.h"
#include "mock/domain/instance_volumes.h"
#include "mock/domain/instances.h"
#include "mock/domain/resource_id.h"
#include "mock/domain/schedules.h"
#include "mock/domain/snapshot_create.h"
#include "mock/domain/snapshots.h"

enum { WORD_MAX = 63, STEPS_MAX = 2 };

/* What can be an id, a name or a placeholder of one: "id", "my_instance", "182bd5e5-6e1a". */
static bool is_plausible(struct text word)
{
    for (size_t i = 0; i < word.len; i++) {
        const char c = word.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.'))
            return false;
    }
    return word.len > 0 && word.len <= WORD_MAX;
}

/* ---- instances ---- */

static bool make_instance(struct world *world, struct text word, const struct resource_id *id,
                          const struct instance **out, struct error *err)
{
    const struct instance_request request = {
        .config = {
            .id = resource_id_text(id),
            .name = word,
            .image = TEXT("docker.io/library/alpine:latest"),
            .vcpus = 2,
            .network.enabled = true,
        },
    };
    return instance_create(world, &request, out, err);
}

bool vivify_instance(struct world *world, struct text word, const struct instance **out,
                     struct error *err)
{
    const struct resource_id id = resource_id_of(word);
    struct error miss = { 0 };

    if (instances_resolve_whole(world, word, out, &miss))
        return true;
    if (miss.code == ERROR_NOT_FOUND && is_plausible(word)) {
        const struct instance *there = instances_find(world, resource_id_text(&id));
        if (there == NULL)
            return make_instance(world, word, &id, out, err);
        *out = there; /* under another name by now */
        return true;
    }
    return error_set(err, miss.code, "%s", miss.message);
}

/* Whether it has sprung up: who has been created keeps to its states. */
static bool has_sprung_up(const struct instance *instance)
{
    const struct resource_id id = resource_id_of(instance->config->name);
    return text_equal(instance->config->id, resource_id_text(&id));
}

/* The instance of the path, whatever becomes of it: call->instance is borrowed from the world as it
 * was. */
struct who {
    bool any;
    struct resource_id id;
};

static struct who remember(const struct call *call)
{
    struct who who = { .any = call->instance != NULL };

    if (who.any)
        memcpy(who.id.chars, call->instance->config->id.data, sizeof who.id.chars);
    return who;
}

/* Made anew, so that nothing of what was done to it stands in the way. */
static bool be(struct call *call, enum instance_state state, struct error *err)
{
    const struct instance *instance = call->instance;

    if (!has_sprung_up(instance))
        return true;
    const struct text word = { arena_copy(call->arena, instance->config->name),
                               instance->config->name.len };
    if (word.data == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    const struct resource_id id = resource_id_of(word);
    return instances_delete(call->world, resource_id_text(&id), err) &&
           make_instance(call->world, word, &id, &instance, err) &&
           instance_force_state(call->world, resource_id_text(&id), state, &instance, err);
}

static bool be_running(struct call *call, struct error *err)
{
    return be(call, INSTANCE_RUNNING, err);
}

static bool be_standby(struct call *call, struct error *err)
{
    return be(call, INSTANCE_STANDBY, err);
}

static bool be_stopped(struct call *call, struct error *err)
{
    return be(call, INSTANCE_STOPPED, err);
}

/* Whoever else has the name that is to be given goes. */
static bool free_name(struct call *call, struct error *err)
{
    const struct text name = body_text(&call->body, "name", NULL);
    const struct instance *holder;
    struct error none = { 0 };

    if (!instances_resolve_whole(call->world, name, &holder, &none) || holder == call->instance ||
        !text_equal(holder->config->name, name))
        return true;
    return instances_delete(call->world, holder->config->id, err);
}

/* ---- what hangs on an instance ---- */

static bool have_schedule(struct call *call, struct error *err)
{
    const struct schedule_settings settings = { .interval_ns = 3600 * NS_PER_SEC, .max_count = 1 };
    const struct schedule *schedule;

    return schedules_set(call->world, call->instance->config->id, &settings, &schedule, err);
}

static bool have_volume(struct call *call, struct error *err)
{
    const struct volume_attachment volume = { .volume_id = call->params[1].value,
                                              .mount_path = TEXT("/mnt/vivified"),
                                              .readonly = true };
    const struct instance *changed;

    return instance_attach_volume(call->world, call->instance->config->id, &volume, &changed, err);
}

static bool lack_volume(struct call *call, struct error *err)
{
    const struct instance *changed;

    return instance_detach_volume(call->world, call->instance->config->id, call->params[1].value,
                                  &changed, err);
}

/* ---- snapshots ---- */

static bool be_as_awaited(struct call *call, struct error *err)
{
    enum instance_state state;

    return !instance_state_parse(call_param(call, "state"), &state) || be(call, state, err);
}

static bool be_as_kind_wants(struct call *call, struct error *err)
{
    enum snapshot_kind kind = SNAPSHOT_STANDBY;

    (void)!snapshot_kind_parse(body_text(&call->body, "kind", NULL), &kind);
    return be(call, kind == SNAPSHOT_STOPPED ? INSTANCE_STOPPED : INSTANCE_RUNNING, err);
}

static bool free_snapshot_name(struct call *call, struct error *err)
{
    const struct snapshot_filter filter = {
        .source_instance_id = call->instance->config->id,
        .name = body_text(&call->body, "name", NULL),
    };
    struct snapshot_cursor cursor;
    bool done = true;

    if (filter.name.len == 0)
        return true;
    snapshot_cursor_open(&cursor, call->world, &filter);
    const struct snapshot *holder = snapshot_cursor_next(&cursor);
    if (holder != NULL)
        done = snapshots_delete(call->world, holder->id, err);
    snapshot_cursor_close(&cursor);
    return done;
}

static bool capture(struct call *call, enum snapshot_kind kind, const struct resource_id *id,
                    struct error *err)
{
    const struct snapshot_request request = { .kind = kind, .id = resource_id_text(id) };
    const struct who source = remember(call);
    const struct snapshot *snapshot;

    return be(call, kind == SNAPSHOT_STOPPED ? INSTANCE_STOPPED : INSTANCE_STANDBY, err) &&
           snapshot_create(call->world, resource_id_text(&source.id), &request, &snapshot, err);
}

/* Of call->instance. The param becomes the id of the snapshot, which is another one for each source
 * and each kind that a target can ask for. */
static bool have_snapshot_at(struct call *call, size_t param, struct error *err)
{
    const bool switches = body_find(&call->body, "target_hypervisor") != NULL;
    const char *words =
        arena_printf(call->arena, TEXT_FMT "/" TEXT_FMT "%s", TEXT_ARGS(call->instance->config->id),
                     TEXT_ARGS(call->params[param].value), switches ? "/stopped" : "");
    struct resource_id *id = arena_alloc(call->arena, sizeof *id);
    const struct snapshot *there;
    struct error miss = { 0 };

    if (words == NULL || id == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *id = resource_id_of(text_of(words));
    if (!snapshots_get(call->world, resource_id_text(id), &there, &miss) &&
        !capture(call, switches ? SNAPSHOT_STOPPED : SNAPSHOT_STANDBY, id, err))
        return false;
    call->params[param].value = resource_id_text(id);
    return true;
}

/* Its source is an instance that goes by the same word. */
static bool have_snapshot(struct call *call, struct error *err)
{
    const bool done = vivify_instance(call->world, call->params[0].value, &call->instance, err) &&
                      have_snapshot_at(call, 0, err);
    call->instance = NULL; /* the path names none */
    return done;
}

static bool have_own_snapshot(struct call *call, struct error *err)
{
    return is_plausible(call->params[1].value) && have_snapshot_at(call, 1, err);
}

/* ---- what each operation needs ---- */

/* Taken when the operation fails, or before it is tried. */
static const struct need {
    bool (*run)(struct call *call, struct error *err);
    bool (*steps[STEPS_MAX])(struct call *call, struct error *err);
    bool before; /* where nothing fails: a wait would last */
} needs[] = {
    { .run = op_wait_for_instance_state, .steps = { be_as_awaited }, .before = true },
    { .run = op_create_instance, .steps = { free_name } },
    { .run = op_standby_instance, .steps = { be_running } },
    { .run = op_restore_instance, .steps = { be_standby } },
    { .run = op_fork_instance, .steps = { be_standby, free_name } },
    { .run = op_stop_instance, .steps = { be_running } },
    { .run = op_start_instance, .steps = { be_stopped } },
    { .run = op_get_instance_logs, .steps = { be_running } },
    { .run = op_stat_instance_path, .steps = { be_running } },
    { .run = op_get_instance_stats, .steps = { be_running } },
    { .run = op_hold_auto_standby, .steps = { be_running } },
    { .run = op_attach_volume, .steps = { lack_volume } },
    { .run = op_detach_volume, .steps = { have_volume } },
    { .run = op_create_instance_snapshot, .steps = { be_as_kind_wants, free_snapshot_name } },
    { .run = op_get_snapshot, .steps = { have_snapshot } },
    { .run = op_delete_snapshot, .steps = { have_snapshot } },
    { .run = op_fork_snapshot, .steps = { have_snapshot, free_name } },
    { .run = op_restore_instance_snapshot, .steps = { have_own_snapshot, be_standby } },
    { .run = op_get_snapshot_schedule, .steps = { have_schedule } },
    { .run = op_delete_snapshot_schedule, .steps = { have_schedule } },
};

static const struct need *find_need(const struct route *route)
{
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        if (needs[i].run == route->run)
            return &needs[i];
    }
    return NULL;
}

static bool look_again(struct call *call, const struct who *who)
{
    call->instance = who->any ? instances_find(call->world, resource_id_text(&who->id)) : NULL;
    return !who->any || call->instance != NULL;
}

static bool prepare(struct call *call, const struct need *need, const struct who *who)
{
    for (size_t i = 0; i < STEPS_MAX && need->steps[i] != NULL; i++) {
        struct error unable = { 0 }; /* the operation has said why it fails */
        if (!look_again(call, who) || !need->steps[i](call, &unable))
            return false;
    }
    return look_again(call, who);
}

/* Whether it may be for want of something that could be there. */
static bool may_lack(enum error_code code)
{
    return code == ERROR_NOT_FOUND || code == ERROR_INVALID_STATE || code == ERROR_ALREADY_EXISTS ||
           code == ERROR_NOT_SUPPORTED;
}

bool vivify_run(struct call *call, struct error *err)
{
    const struct need *need = find_need(call->route);
    const struct who who = remember(call);

    if (need != NULL && need->before && !prepare(call, need, &who))
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (call->route->run(call, err))
        return true;
    if (need == NULL || need->before || !may_lack(err->code) || !prepare(call, need, &who))
        return false;
    *err = (struct error){ 0 };
    return call->route->run(call, err);
}

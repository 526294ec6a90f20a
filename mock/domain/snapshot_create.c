#include "mock/domain/snapshot_create.h"

#include <assert.h>
#include <string.h>

#include "common/base/checked.h"
#include "mock/domain/bring_up.h"
#include "mock/domain/change.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/instances.h"
#include "mock/domain/snapshot_force.h"
#include "mock/domain/snapshot_record.h"
#include "mock/domain/tags.h"
#include "mock/domain/transition.h"
#include "mock/domain/transition_control.h"
#include "mock/domain/volumes.h"
#include "mock/domain/world_state.h"

/* A capture on its way to being a snapshot. */
struct capture {
    struct world *world;
    const struct snapshot_request *request;
    struct text instance_id;
    int64_t now_ns;
    const struct instance *stored; /* as the world has it; set by find_source        */
    struct instance_hooks room;    /* of the source, where the capture changes them  */
    struct instance source;        /* the same with what time alone has done to it   */
};

/* --- may it be taken? snapshots.md section 5, in that order ------------------------------ */

static bool check_compression(struct capture *capture, struct error *err)
{
    return compression_check(&capture->request->compression,
                             capture->world->settings.quirks.judge_disabled_compression,
                             "compression", err);
}

static bool check_kind(struct capture *capture, struct error *err)
{
    const struct snapshot_request *request = capture->request;
    if (request->kind == SNAPSHOT_STOPPED && request->compression.present &&
        request->compression.enabled)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "kind",
                               "invalid request: compression is only supported for standby "
                               "snapshots");
    return true;
}

static bool check_tags(struct capture *capture, struct error *err)
{
    return tags_check_keys(capture->request->tags, err);
}

static bool find_source(struct capture *capture, struct error *err)
{
    capture->stored = instances_find(capture->world, capture->instance_id);
    if (capture->stored == NULL)
        return error_set(err, ERROR_NOT_FOUND, "instance not found");
    capture->source = *capture->stored;
    instance_settle(&capture->source, capture->now_ns);
    return true;
}

static bool check_volumes(struct capture *capture, struct error *err)
{
    return volumes_check_readonly(capture->source.config, err) ||
           error_prefix(err, "operation not supported: snapshot requires readonly volume "
                             "attachments: ");
}

/* Unique per source, not per server: two instances may each have a "baseline" (SNAP-C-014). */
static bool check_name(struct capture *capture, struct error *err)
{
    struct text name = capture->request->name;
    struct text source_id = capture->source.config->id;
    struct cow_key key = { .major = source_id, .minor = name };
    if (name.len == 0 ||
        cow_map_find(&capture->world->snapshots.maps[SNAPSHOTS_BY_NAME], key) == NULL)
        return true;
    return error_set_field(err, ERROR_ALREADY_EXISTS, "name",
                           "instance already exists: snapshot name already exists: snapshot name "
                           "\"" TEXT_FMT "\" already exists for source instance " TEXT_FMT,
                           TEXT_ARGS(name), TEXT_ARGS(source_id));
}

#define IN(state) (UINT32_C(1) << (state))

static const struct {
    uint32_t from; /* states of the source it can be taken in (snapshots.md section 12) */
    const char *refusal;
} captures[] = {
    [SNAPSHOT_STANDBY] = { IN(INSTANCE_RUNNING) | IN(INSTANCE_STANDBY),
                           "standby snapshot requires source in Running or Standby" },
    [SNAPSHOT_STOPPED] = { IN(INSTANCE_STOPPED), "stopped snapshot requires source in Stopped" },
};
static_assert(ARRAY_LEN(captures) == SNAPSHOT_KIND_COUNT, "one row per kind");

static bool check_state(struct capture *capture, struct error *err)
{
    enum snapshot_kind kind = capture->request->kind;
    enum instance_state state = capture->source.state;
    if ((captures[kind].from & IN(state)) != 0)
        return true;
    return error_set(err, ERROR_INVALID_STATE, "invalid state transition: %s, got %s",
                     captures[kind].refusal, instance_state_name(state));
}

/* A Running source goes through standby, which not every machine can (SNAP-C-033, SNAP-C-034). */
static bool check_standby(struct capture *capture, struct error *err)
{
    return capture->source.state != INSTANCE_RUNNING ||
           bring_up_can_standby(capture->world, &capture->source, err) ||
           error_prefix(err, "standby source instance: ");
}

static bool (*const checks[])(struct capture *, struct error *) = {
    check_compression, check_kind, check_tags,  find_source,
    check_volumes,     check_name, check_state, check_standby,
};

static bool check(struct capture *capture, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (!checks[i](capture, err))
            return false;
    }
    return true;
}

/* --- what comes of it -------------------------------------------------------------------- */

static int64_t compressed_at(const struct capture *capture, const struct transition_wish *wish)
{
    int64_t delay_ns =
        wish->has_delay ? wish->delay_ns : capture->world->settings.compression_delay_ns;
    int64_t at = 0;
    if (wish->held || !hypervisor_compression_ends(capture->source.config->hypervisor) ||
        !i64_add(capture->now_ns, delay_ns, &at))
        return SNAPSHOT_NEVER;
    return at;
}

/* No policy reaches a Stopped snapshot (COMP-014). */
static void choose_compression(struct capture *capture, struct snapshot *snapshot)
{
    static const struct compression_choice none = { .present = false };
    const struct snapshot_policy *policy = &capture->source.config->snapshot;
    if (snapshot->kind != SNAPSHOT_STANDBY ||
        !compression_resolve(&capture->request->compression,
                             policy->present ? &policy->compression : &none,
                             &capture->world->settings.compression_default, &snapshot->compression))
        return;
    struct transition_wish wish = transition_wish_of(&capture->source, TRANSITION_COMPRESSION);
    if (capture->request->wish != NULL)
        wish = *capture->request->wish;
    else
        (void)!instance_hooks_use(&capture->source, TRANSITION_COMPRESSION, &capture->room);
    snapshot->compression_state = COMPRESSION_STATE_COMPRESSING;
    snapshot->compressed_at_ns = compressed_at(capture, &wish);
    if (wish.failure != TRANSITION_SUCCEEDS)
        snapshot->compression_error = SNAPSHOT_COMPRESSION_FAILURE;
}

static const struct snapshot *make_snapshot(struct capture *capture, const struct instance *source)
{
    const struct snapshot_request *request = capture->request;
    struct resource_id id = world_new_id(capture->world);
    struct snapshot snapshot = {
        .kind = request->kind,
        .id = request->id.len > 0 ? request->id : resource_id_text(&id),
        .name = request->name,
        .tags = request->tags,
        .created_at_ns = capture->now_ns,
        .size_bytes = snapshot_captured_bytes(request->kind, source->config),
        .source = source,
    };
    choose_compression(capture, &snapshot);
    return snapshot_new(&capture->world->env->mem, &snapshot);
}

/* A Running source goes through standby and back (SNAP-S-001, SNAP-S-004); another stays untouched,
 * and the snapshot holds on to it as it is (SNAP-S-008). */
static bool is_paused(const struct capture *capture)
{
    return capture->source.state == INSTANCE_RUNNING;
}

static struct instance paused(const struct capture *capture)
{
    struct instance edited = capture->source;
    transition_standby(&edited, capture->now_ns);
    return edited;
}

static const struct instance *make_captured(const struct capture *capture)
{
    if (!is_paused(capture)) {
        instance_retain(capture->stored);
        return capture->stored;
    }
    struct instance captured = paused(capture);
    captured.history = NULL; /* the payload has no logs (SNAP-R-035) */
    return instance_new(&capture->world->env->mem, &captured);
}

static const struct instance *make_resumed(const struct capture *capture,
                                           const struct snapshot *snapshot)
{
    struct history_event event = { .kind = HISTORY_CAPTURED,
                                   .start = HISTORY_RESUMED_START,
                                   .at_ns = capture->now_ns };
    struct instance source = paused(capture);
    transition_resume_at_once(&source, capture->now_ns);
    memcpy(event.other.chars, snapshot->id.data, sizeof event.other.chars);
    return instance_new_after(&capture->world->env->mem, &source, event);
}

bool snapshot_capture(struct change *change, struct text instance_id,
                      const struct snapshot_request *request, const struct snapshot **out,
                      struct error *err)
{
    struct world *world = change->world;
    const struct mem *mem = &world->env->mem;
    struct capture capture = {
        .world = world,
        .request = request,
        .instance_id = instance_id,
        .now_ns = world_now_ns(world),
    };
    if (!check(&capture, err) || !world_check_room(world, err))
        return false;

    const struct instance *captured = make_captured(&capture);
    const struct snapshot *snapshot = captured == NULL ? NULL : make_snapshot(&capture, captured);
    instance_release(mem, captured); /* the snapshot has its own reference */
    if (snapshot != NULL && is_paused(&capture))
        change_instance(change, capture.stored, make_resumed(&capture, snapshot));
    else if (snapshot != NULL && capture.source.hooks != capture.stored->hooks)
        change_instance(change, capture.stored, instance_new(mem, &capture.source));
    change_snapshot(change, NULL, snapshot);
    *out = change->incomplete ? NULL : snapshot;
    return true;
}

bool snapshot_create(struct world *world, struct text instance_id,
                     const struct snapshot_request *request, const struct snapshot **out,
                     struct error *err)
{
    struct change change = change_of(world);
    const struct snapshot *snapshot = NULL;
    if (!snapshot_capture(&change, instance_id, request, &snapshot, err) ||
        !change_commit(&change, err))
        return false;
    *out = snapshot; /* the world keeps it alive */
    return true;
}

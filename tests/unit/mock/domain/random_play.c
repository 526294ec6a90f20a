#include "tests/unit/mock/domain/random_play.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/auto_standby.h"
#include "mock/domain/guest_exit.h"
#include "mock/domain/health.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_force.h"
#include "mock/domain/instance_fork.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instance_volumes.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/schedules.h"
#include "mock/domain/snapshot_force.h"
#include "mock/domain/snapshot_fork.h"
#include "mock/domain/snapshot_restore.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/standby.h"
#include "mock/domain/transition_control.h"
#include "tests/unit/mock/domain/world_check.h"

enum { MANY_INSTANCES = 25, MANY_SNAPSHOTS = 50 };

static uint32_t roll(struct play *p, uint32_t sides)
{
    uint64_t bits = 0;
    p->rng.fill(p->rng.ctx, &bits, sizeof bits);
    return (uint32_t)(bits % sides);
}

static bool one_in(struct play *p, uint32_t n)
{
    return roll(p, n) == 0;
}

/* --- what they are done to ------------------------------------------------------------------- */

/* A full id; of nothing, one time in thirty. */
struct pick {
    char chars[RESOURCE_ID_LEN];
};

static struct text pick_text(const struct pick *pick)
{
    return (struct text){ pick->chars, sizeof pick->chars };
}

static struct pick pick_of(struct text id)
{
    struct pick pick;
    memcpy(pick.chars, id.data, sizeof pick.chars);
    return pick;
}

static struct pick pick_instance(struct play *p)
{
    size_t count = world_instance_count(p->f->world);
    struct instance_cursor at;
    struct pick pick = pick_of(TEXT("nobodynobodynobodynobody"));
    if (count == 0 || one_in(p, 30))
        return pick;
    instance_cursor_open(&at, p->f->world, &(struct instance_filter){ 0 });
    for (uint32_t steps = roll(p, (uint32_t)count); steps > 0; steps--)
        (void)instance_cursor_next(&at);
    pick = pick_of(instance_cursor_next(&at)->config->id);
    instance_cursor_close(&at);
    return pick;
}

static const struct snapshot *find_snapshot(struct play *p)
{
    size_t count = world_snapshot_count(p->f->world);
    struct snapshot_cursor at;
    if (count == 0 || one_in(p, 30))
        return NULL;
    snapshot_cursor_open(&at, p->f->world, &(struct snapshot_filter){ 0 });
    for (uint32_t steps = roll(p, (uint32_t)count); steps > 0; steps--)
        (void)snapshot_cursor_next(&at);
    const struct snapshot *snapshot = snapshot_cursor_next(&at);
    snapshot_cursor_close(&at);
    return snapshot;
}

static struct pick pick_snapshot(struct play *p)
{
    const struct snapshot *snapshot = find_snapshot(p);
    return pick_of(snapshot == NULL ? TEXT("nothingnothingnothingnot") : snapshot->id);
}

static struct text pick_name(struct play *p)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    return (struct text){ &letters[roll(p, sizeof letters - 1)], 1 };
}

static struct text pick_image(struct play *p)
{
    static const struct text images[] = { { "alpine", 6 }, { "nginx", 5 }, { "busybox", 7 } };
    return images[roll(p, ARRAY_LEN(images))];
}

static struct volume_attachment pick_volume(struct play *p)
{
    static const struct text ids[] = { { "v1", 2 }, { "v2", 2 }, { "v3", 2 } };
    static const struct text paths[] = { { "/a", 2 }, { "/b", 2 }, { "/c", 2 } };
    const bool readonly = !one_in(p, 3);
    const bool overlay = readonly && one_in(p, 3);
    return (struct volume_attachment){ .volume_id = ids[roll(p, ARRAY_LEN(ids))],
                                       .mount_path = paths[roll(p, ARRAY_LEN(paths))],
                                       .readonly = readonly,
                                       .overlay = overlay,
                                       .overlay_bytes = overlay ? 4096 : 0 };
}

static const enum instance_state targets[] = { INSTANCE_STOPPED, INSTANCE_STANDBY,
                                               INSTANCE_RUNNING };

static struct snapshot_target pick_target(struct play *p)
{
    struct snapshot_target target = { .has_state = one_in(p, 2),
                                      .state = targets[roll(p, ARRAY_LEN(targets))] };
    if (one_in(p, 3))
        target.hypervisor = (enum hypervisor)roll(p, HYPERVISOR_COUNT);
    return target;
}

/* --- the operations; one that would make too many deletes one
 * ------------------------------------- */

static bool delete_one(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return instances_delete(p->f->world, pick_text(&id), err);
}

static struct restart_policy pick_restart(struct play *p)
{
    struct restart_policy policy =
        restart_policy((enum restart_policy_kind)roll(p, RESTART_POLICY_KIND_COUNT));
    policy.max_attempts = roll(p, 4);
    policy.stable_after_ns = NS_PER_SEC * (5 + roll(p, 20));
    return policy;
}

static struct auto_standby_policy pick_auto_standby(struct play *p)
{
    struct auto_standby_policy policy = { .present = one_in(p, 3) };
    policy.enabled = policy.present && !one_in(p, 4);
    if (policy.enabled)
        policy.idle_timeout_ns = NS_PER_SEC * (1 + roll(p, 20));
    return policy;
}

static struct health_check_policy pick_health_check(struct play *p)
{
    struct health_check_policy policy = http_check();
    policy.present = one_in(p, 3);
    policy.interval_ns = NS_PER_MS * (1 + roll(p, 2000));
    policy.start_period_ns = NS_PER_SEC * roll(p, 4);
    policy.success_threshold = 1 + roll(p, 3);
    return policy;
}

static bool create(struct play *p, struct error *err)
{
    static const struct credential_injection injection = { { "A", 1 }, { "${value}", 8 }, { 0 } };
    static const struct credential credential = { { "key", 3 }, { "TOKEN", 5 }, &injection, 1 };
    const struct pair env = { TEXT("TOKEN"), TEXT("t") };
    const struct volume_attachment volume = pick_volume(p);
    const struct text name = pick_name(p);
    struct instance_request request = request_for("");
    struct instance_config *config = &request.config;
    const struct instance *out = NULL;

    config->name = name;
    config->image = pick_image(p);
    config->vcpus = 1 + roll(p, 3);
    config->network.enabled = !one_in(p, 3);
    config->skip_guest_agent = one_in(p, 4);
    config->hypervisor = one_in(p, 3) ? HYPERVISOR_QEMU_MICROVM : HYPERVISOR_UNSET;
    if (one_in(p, 3)) {
        config->volumes = &volume;
        config->volume_count = 1;
    }
    if (config->network.enabled && one_in(p, 2)) {
        config->network.egress_enabled = true;
        config->credentials = &credential;
        config->credential_count = 1;
        config->env = (struct pair_list){ &env, 1 };
    }
    config->restart = pick_restart(p);
    config->auto_standby = pick_auto_standby(p);
    if (config->network.enabled)
        config->health_check = pick_health_check(p);
    if (one_in(p, 4))
        config->snapshot = (struct snapshot_policy){
            .present = true,
            .compression = { .present = true, .enabled = true, .level = COMPRESSION_LEVEL_UNSET },
        };
    if (one_in(p, 4))
        request.ttl_ns = NS_PER_SEC * (1 + roll(p, 100));
    if (world_instance_count(p->f->world) >= MANY_INSTANCES)
        return delete_one(p, err);
    return instance_create(p->f->world, &request, &out, err);
}

static bool start(struct play *p, struct error *err)
{
    const struct text word = pick_name(p);
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    struct start_request request = { 0 };
    if (one_in(p, 4))
        request.cmd = (struct text_list){ &word, 1 };
    return instance_start(p->f->world, pick_text(&id), &request, &out, err);
}

static bool stop(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    return instance_stop(p->f->world, pick_text(&id), &out, err);
}

static bool standby(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    struct standby_request request = { .has_compression_delay = one_in(p, 4) };
    return instance_standby(p->f->world, pick_text(&id), &request, &out, err);
}

static bool restore(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    return instance_restore(p->f->world, pick_text(&id), &out, err);
}

static bool fork_one(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    struct fork_request request = { .name = pick_name(p),
                                    .has_target = one_in(p, 2),
                                    .target = targets[roll(p, ARRAY_LEN(targets))],
                                    .from_running = !one_in(p, 4) };
    if (world_instance_count(p->f->world) >= MANY_INSTANCES)
        return delete_one(p, err);
    return instance_fork(p->f->world, pick_text(&id), &request, &out, err);
}

static bool patch(struct play *p, struct error *err)
{
    const struct pair env = { TEXT("TOKEN"), pick_name(p) };
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    struct update_request request = { 0 };
    if (one_in(p, 3)) {
        request.has_env = true;
        request.env = (struct pair_list){ &env, 1 };
    }
    request.has_restart = one_in(p, 2);
    request.restart = pick_restart(p);
    request.auto_standby = pick_auto_standby(p);
    request.health_check = pick_health_check(p);
    request.has_ttl = one_in(p, 3);
    request.ttl_ns = NS_PER_SEC * roll(p, 10);
    return instance_update(p->f->world, pick_text(&id), &request, &out, err);
}

static bool attach(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct volume_attachment volume = pick_volume(p);
    const struct instance *out = NULL;
    return instance_attach_volume(p->f->world, pick_text(&id), &volume, &out, err);
}

static bool detach(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    return instance_detach_volume(p->f->world, pick_text(&id), pick_volume(p).volume_id, &out, err);
}

static bool force(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    return instance_force_state(p->f->world, pick_text(&id),
                                (enum instance_state)roll(p, INSTANCE_STATE_COUNT), &out, err);
}

static bool hold(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    struct auto_standby_view out;
    return auto_standby_hold(p->f->world, pick_text(&id), &out, err);
}

static bool connect(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return auto_standby_set_connections(p->f->world, pick_text(&id), roll(p, 3), err);
}

static bool break_probes(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return health_set_failing(p->f->world, pick_text(&id), one_in(p, 2), err);
}

static bool guest_exits(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct instance *out = NULL;
    return instance_guest_exit(p->f->world, pick_text(&id), (int32_t)roll(p, 2), &out, err);
}

static bool set_image(struct play *p, struct error *err)
{
    static const enum image_condition conditions[] = { IMAGE_READY, IMAGE_READY, IMAGE_READY,
                                                       IMAGE_MISSING };
    return world_set_image(p->f->world, pick_image(p), conditions[roll(p, ARRAY_LEN(conditions))],
                           err);
}

static bool delete_snapshot(struct play *p, struct error *err)
{
    struct pick id = pick_snapshot(p);
    return snapshots_delete(p->f->world, pick_text(&id), err);
}

static bool capture(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct snapshot *out = NULL;
    struct snapshot_request request = { .kind = (enum snapshot_kind)roll(p, SNAPSHOT_KIND_COUNT) };
    if (one_in(p, 3))
        request.name = pick_name(p);
    if (request.kind == SNAPSHOT_STANDBY && one_in(p, 3))
        request.compression = (struct compression_choice){ .present = true,
                                                           .enabled = true,
                                                           .level = COMPRESSION_LEVEL_UNSET };
    if (world_snapshot_count(p->f->world) >= MANY_SNAPSHOTS)
        return delete_snapshot(p, err);
    return snapshot_create(p->f->world, pick_text(&id), &request, &out, err);
}

/* Into its source, but for one time in ten. */
static bool put_back(struct play *p, struct error *err)
{
    const struct snapshot *snapshot = find_snapshot(p);
    const struct snapshot_target target = pick_target(p);
    const struct instance *out = NULL;
    struct pick other = pick_instance(p);
    struct pick id = other;
    struct pick owner = other;
    if (snapshot != NULL) {
        id = pick_of(snapshot->id);
        owner = pick_of(snapshot->source->config->id);
    }
    if (one_in(p, 10))
        owner = other;
    return snapshot_restore(p->f->world, pick_text(&owner), pick_text(&id), &target, &out, err);
}

static bool fork_snapshot(struct play *p, struct error *err)
{
    struct pick id = pick_snapshot(p);
    const struct snapshot_target target = pick_target(p);
    const struct text name = pick_name(p);
    const struct instance *out = NULL;
    if (world_instance_count(p->f->world) >= MANY_INSTANCES)
        return delete_one(p, err);
    return snapshot_fork(p->f->world, pick_text(&id), name, &target, &out, err);
}

static bool fail_compression(struct play *p, struct error *err)
{
    struct pick id = pick_snapshot(p);
    const struct snapshot *out = NULL;
    return snapshot_fail_compression(p->f->world, pick_text(&id), &out, err);
}

static enum transition pick_transition(struct play *p)
{
    return (enum transition)roll(p, TRANSITION_COUNT);
}

static bool hold_transition(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return transition_hold(p->f->world, pick_text(&id), pick_transition(p), err);
}

static bool step_transition(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return transition_step(p->f->world, pick_text(&id), pick_transition(p), err);
}

static bool release_transition(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return transition_release(p->f->world, pick_text(&id), pick_transition(p), err);
}

static bool fail_transition(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const enum transition transition = pick_transition(p);
    return transition_fail(p->f->world, pick_text(&id), transition, one_in(p, 3), err);
}

static bool delay_transition(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const enum transition transition = pick_transition(p);
    return transition_delay(p->f->world, pick_text(&id), transition, NS_PER_MS * roll(p, 5000),
                            err);
}

static bool hold_compression(struct play *p, struct error *err)
{
    struct pick id = pick_snapshot(p);
    const struct snapshot *out = NULL;
    return snapshot_hold_compression(p->f->world, pick_text(&id), &out, err);
}

static bool end_compression(struct play *p, struct error *err)
{
    struct pick id = pick_snapshot(p);
    const struct snapshot *out = NULL;
    return snapshot_end_compression(p->f->world, pick_text(&id), &out, err);
}

static bool set_schedule(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    const struct schedule *out = NULL;
    struct schedule_settings settings = { .interval_ns = NS_PER_SEC * (50 + roll(p, 60)),
                                          .max_count = roll(p, 3) };
    if (one_in(p, 2))
        settings.max_age_ns = NS_PER_SEC * roll(p, 300);
    return schedules_set(p->f->world, pick_text(&id), &settings, &out, err);
}

static bool delete_schedule(struct play *p, struct error *err)
{
    struct pick id = pick_instance(p);
    return schedules_delete(p->f->world, pick_text(&id), err);
}

/* Opens a list, or closes one; what it shows is walked to see that it is all still there. */
static bool turn_list(struct play *p, struct error *err)
{
    struct instance_cursor *list = &p->lists[roll(p, PLAY_LISTS)];
    (void)err;
    if (list->map.kind == NULL) {
        instance_cursor_open(list, p->f->world, &(struct instance_filter){ 0 });
        return true;
    }
    for (const struct instance *shown = instance_cursor_next(list); shown != NULL;
         shown = instance_cursor_next(list))
        assert_int_equal(shown->config->id.len, RESOURCE_ID_LEN);
    instance_cursor_close(list);
    *list = (struct instance_cursor){ 0 };
    return true;
}

/* --- the table ------------------------------------------------------------------------------- */

#define CAN(code) (UINT32_C(1) << ERROR_##code)

static const struct {
    const char *name;
    bool (*run)(struct play *p, struct error *err);
    uint32_t weight;
    uint32_t refusals;
    bool changes_even_so; /* a refusal may come after something has been done */
} operations[] = {
    { "create", create, 16,
      CAN(NOT_FOUND) | CAN(ALREADY_EXISTS) | CAN(INVALID_STATE) | CAN(RESOURCE_EXHAUSTED), false },
    { "delete", delete_one, 4, CAN(NOT_FOUND), false },
    { "start", start, 10,
      CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(RESOURCE_EXHAUSTED) | CAN(ALREADY_EXISTS), true },
    { "stop", stop, 8, CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(INTERNAL), true },
    { "standby", standby, 8, CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(INTERNAL), true },
    { "restore", restore, 8,
      CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(RESOURCE_EXHAUSTED) | CAN(ALREADY_EXISTS) |
          CAN(INTERNAL),
      true },
    { "fork", fork_one, 10,
      CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(NOT_SUPPORTED) | CAN(ALREADY_EXISTS) |
          CAN(RESOURCE_EXHAUSTED),
      true },
    { "patch", patch, 6, CAN(NOT_FOUND) | CAN(INVALID_ARGUMENT) | CAN(INVALID_STATE), false },
    { "attach", attach, 6, CAN(NOT_FOUND) | CAN(ALREADY_EXISTS) | CAN(INVALID_ARGUMENT), false },
    { "detach", detach, 4, CAN(NOT_FOUND), false },
    { "force", force, 4, CAN(NOT_FOUND), false },
    { "hold", hold, 3, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "connect", connect, 4, CAN(NOT_FOUND), false },
    { "break probes", break_probes, 5, CAN(NOT_FOUND), false },
    { "exit", guest_exits, 8, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "image", set_image, 3, 0, false },
    { "capture", capture, 12,
      CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(NOT_SUPPORTED) | CAN(ALREADY_EXISTS), false },
    { "snapshot restore", put_back, 14,
      CAN(NOT_FOUND) | CAN(INVALID_STATE) | CAN(INVALID_ARGUMENT) | CAN(INTERNAL), true },
    { "snapshot fork", fork_snapshot, 10,
      CAN(NOT_FOUND) | CAN(INVALID_ARGUMENT) | CAN(ALREADY_EXISTS) | CAN(RESOURCE_EXHAUSTED) |
          CAN(INTERNAL),
      true },
    { "snapshot delete", delete_snapshot, 5, CAN(NOT_FOUND), false },
    { "compression fails", fail_compression, 3, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "transition hold", hold_transition, 4, CAN(NOT_FOUND), false },
    { "transition step", step_transition, 4, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "transition release", release_transition, 10, CAN(NOT_FOUND), false },
    { "transition fail", fail_transition, 4, CAN(NOT_FOUND), false },
    { "transition delay", delay_transition, 3, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "compression hold", hold_compression, 3, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "compression end", end_compression, 3, CAN(NOT_FOUND) | CAN(INVALID_STATE), false },
    { "schedule", set_schedule, 8, CAN(NOT_FOUND) | CAN(INVALID_ARGUMENT), false },
    { "schedule delete", delete_schedule, 2, CAN(NOT_FOUND), false },
    { "list", turn_list, 4, 0, false },
};

static_assert(ARRAY_LEN(operations) == PLAY_OPERATIONS, "one row per operation");

static size_t choose(struct play *p)
{
    uint32_t total = 0;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        total += operations[i].weight;
    uint32_t rolled = roll(p, total);
    size_t chosen = 0;
    while (rolled >= operations[chosen].weight)
        rolled -= operations[chosen++].weight;
    return chosen;
}

/* What is due happens, but for one time in ten when there is hardly any memory. */
static void let_time_pass(struct play *p)
{
    static const int64_t steps_ns[] = { 0, 0, 1, NS_PER_MS, 300 * NS_PER_MS, 2 * NS_PER_SEC };
    p->f->fake.now_ns += steps_ns[roll(p, ARRAY_LEN(steps_ns))];
    if (one_in(p, 10) && !p->has_memory)
        p->f->fake.allowed = roll(p, 10);
    world_advance(p->f->world);
    p->f->fake.allowed = FAKE_ENV_NEVER_FAILS;
}

/* --- one step -------------------------------------------------------------------------------- */
/* One time in twenty there is hardly any memory. */
static void play_one(struct play *p, struct tally *tallies)
{
    struct fake_env *fake = &p->f->fake;
    const size_t chosen = choose(p);
    const bool starving = one_in(p, 20) && !p->has_memory;
    const uint64_t revision = world_revision(p->f->world);
    struct buffer before = buffer_capped(SIZE_MAX);
    struct error err = { 0 };
    if (starving) {
        before = world_text(p->f->world);
        fake->allowed = roll(p, 10);
    }
    bool done = operations[chosen].run(p, &err);
    fake->allowed = FAKE_ENV_NEVER_FAILS;

    struct tally *tally = &tallies[chosen];
    if (err.code == ERROR_NO_MEMORY) {
        struct buffer after = world_text(p->f->world);
        assert_true(starving && !done);
        assert_true(text_equal(buffer_text(&before), buffer_text(&after)));
        buffer_fini(&after);
        tally->starved++;
    } else if (done) {
        assert_int_equal(err.code, ERROR_NONE);
        tally->done++;
    } else {
        if ((operations[chosen].refusals & UINT32_C(1) << err.code) == 0)
            fail_msg("%s: %s %s", operations[chosen].name, error_code_name(err.code), err.message);
        assert_true(operations[chosen].changes_even_so || world_revision(p->f->world) == revision);
        tally->refused++;
    }
    buffer_fini(&before);
}

/* A host that fills up now and then. */
static struct world_settings small_host(void)
{
    struct world_settings settings = world_settings_default();
    settings.capacity.total[CAPACITY_CPU] = 10;
    settings.compression_delay_ns = 60 * NS_PER_SEC;
    return settings;
}

void play_begin(struct play *p, struct fixture *f, uint64_t seed)
{
    const struct world_settings settings = small_host();
    *p = (struct play){ .f = f };
    p->rng = rng_from_seed(&p->seeded, seed);
    f->fake.rng.state = seed;
    f->fake.now_ns = FAKE_ENV_START_NS;
    fixture_restart(f, &settings);
}

void play_step(struct play *p, struct tally tallies[PLAY_OPERATIONS])
{
    let_time_pass(p);
    play_one(p, tallies);
}

void play_end(struct play *p)
{
    for (size_t i = 0; i < PLAY_LISTS; i++)
        instance_cursor_close(&p->lists[i]);
}

const char *play_operation_name(size_t operation)
{
    return operations[operation].name;
}

bool play_can_refuse(size_t operation)
{
    return operations[operation].refusals != 0;
}

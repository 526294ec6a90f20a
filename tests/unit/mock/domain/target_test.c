/* What a restore and a fork of a snapshot end in, for every kind, state of the source, target and
 * host: snapshots.md sections 12 and 13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "mock/domain/snapshot_fork.h"
#include "mock/domain/snapshot_restore.h"
#include "tests/unit/mock/domain/world_fixture.h"

/* --- the tables of the contract -------------------------------------------------------------- */

static const struct {
    bool given;
    enum instance_state state;
} targets[] = {
    { false, INSTANCE_UNKNOWN },
    { true, INSTANCE_STOPPED },
    { true, INSTANCE_STANDBY },
    { true, INSTANCE_RUNNING },
};

enum { REFUSED_TARGET = -1 };

/* As `targets`. Section 12; restores: SNAP-R-001 to SNAP-R-006, forks: SNAP-F-001 to SNAP-F-006. */
static const int ends_in[SNAPSHOT_KIND_COUNT][ARRAY_LEN(targets)] = {
    [SNAPSHOT_STANDBY] = { INSTANCE_RUNNING, /* SNAP-R-001, SNAP-F-001 */
                           INSTANCE_STOPPED, /* SNAP-R-003, SNAP-F-003 */
                           INSTANCE_STANDBY, /* SNAP-R-002, SNAP-F-002 */
                           INSTANCE_RUNNING },
    [SNAPSHOT_STOPPED] = { INSTANCE_STOPPED,                 /* SNAP-R-004, SNAP-F-004 */
                           INSTANCE_STOPPED, REFUSED_TARGET, /* SNAP-R-006, SNAP-F-006 */
                           INSTANCE_INITIALIZING,
                           /* SNAP-R-005, SNAP-F-005 */ },
};

static const struct host_platform hosts[] = {
    { HOST_LINUX, HOST_AMD64 },
    { HOST_LINUX, HOST_ARM64 },
    { HOST_DARWIN, HOST_ARM64 },
    { HOST_DARWIN, HOST_AMD64 },
};

enum fit { UNSPOKEN, RUNS_HERE, NO_BACKEND, NO_MACHINE };

/* As `hosts`. SNAP-H-002, SNAP-H-003; a missing row or cell is UNSPOKEN, which fails. */
static const enum fit backends[HYPERVISOR_COUNT][ARRAY_LEN(hosts)] = {
    [HYPERVISOR_CLOUD_HYPERVISOR] = { RUNS_HERE, RUNS_HERE, RUNS_HERE, RUNS_HERE },
    [HYPERVISOR_FIRECRACKER] = { RUNS_HERE, RUNS_HERE, NO_BACKEND, NO_BACKEND },
    [HYPERVISOR_QEMU] = { RUNS_HERE, RUNS_HERE, RUNS_HERE, RUNS_HERE },
    [HYPERVISOR_QEMU_MICROVM] = { RUNS_HERE, NO_MACHINE, NO_BACKEND, NO_BACKEND },
    [HYPERVISOR_VZ] = { NO_BACKEND, NO_BACKEND, RUNS_HERE, RUNS_HERE },
};

/* --- one combination ------------------------------------------------------------------------- */

struct combination {
    enum snapshot_kind kind;
    enum instance_state source; /* of the instance when it is asked for */
    size_t target, host;
    enum hypervisor hypervisor; /* HYPERVISOR_UNSET: not given */
};

struct expected {
    enum error_code code; /* ERROR_NONE: done */
    char message[200];
    enum instance_state state;
    enum hypervisor hypervisor;
};

/* A source that every host can run, and that can be captured in both ways. */
static const enum hypervisor own = HYPERVISOR_QEMU;

static struct expected refused(enum error_code code, const char *begin, const char *what,
                               const char *end)
{
    struct expected e = { .code = code };
    snprintf(e.message, sizeof e.message, "invalid %s%s%s", begin, what, end);
    return e;
}

/* Target state first (SNAP-R-022), then the hypervisor. */
static struct expected expect_target(const struct combination *c)
{
    const int state = ends_in[c->kind][c->target];
    if (state == REFUSED_TARGET)
        return refused(ERROR_INVALID_ARGUMENT, "request: invalid target_state ", "\"Standby\"",
                       " for snapshot kind Stopped");
    struct expected done = { .state = (enum instance_state)state, .hypervisor = own };
    if (c->hypervisor == HYPERVISOR_UNSET)
        return done;
    if (c->kind == SNAPSHOT_STANDBY) /* SNAP-R-009, SNAP-F-015, SNAP-H-006 */
        return refused(ERROR_INVALID_ARGUMENT, "request: ", "target_hypervisor",
                       " is only allowed for stopped snapshots");
    switch (backends[c->hypervisor][c->host]) {
    case NO_BACKEND: /* SNAP-R-010 */
        return refused(ERROR_INVALID_ARGUMENT, "request: unsupported target hypervisor \"",
                       hypervisor_name(c->hypervisor), "\"");
    case NO_MACHINE:
        return refused(ERROR_INVALID_ARGUMENT,
                       "request: hypervisor qemu-microvm: ", "machine type \"microvm\"",
                       " is not supported on linux/arm64");
    case RUNS_HERE: /* SNAP-R-011, SNAP-R-012, SNAP-F-029 */
        done.hypervisor = c->hypervisor;
        return done;
    default:
        fail_msg("no cell for %s", hypervisor_name(c->hypervisor));
        return done;
    }
}

/* A Running source beats what the target says (SNAP-R-019, SNAP-R-021); no other state does
 * (SNAP-R-023, SNAP-R-024). */
static struct expected expect_restore(const struct combination *c)
{
    if (c->source == INSTANCE_RUNNING)
        return refused(ERROR_INVALID_STATE, "state transition: ", "cannot restore snapshot",
                       " while source is Running");
    return expect_target(c);
}

static struct snapshot_target target_of(const struct combination *c)
{
    return (struct snapshot_target){ .has_state = targets[c->target].given,
                                     .state = targets[c->target].state,
                                     .hypervisor = c->hypervisor };
}

static const struct snapshot *given_kind(struct fixture *f, const struct combination *c)
{
    struct instance_request request = request_for("web");
    request.config.hypervisor = own;
    enum instance_state captured =
        c->kind == SNAPSHOT_STANDBY ? INSTANCE_STANDBY : INSTANCE_STOPPED;
    const struct instance *source = given_state(f, &request, captured);
    const struct snapshot *snapshot = given_snapshot(f, source, c->kind, "base");
    force_state(f, snapshot->source->config->id, c->source);
    return snapshot;
}

static void check(const struct fixture *f, const char *operation, const struct combination *c,
                  const struct expected *expected, bool done, const struct instance *out,
                  const struct error *err)
{
    char name[200];
    snprintf(name, sizeof name, "%s of a %s snapshot from %s to %s on %s, %s/%s", operation,
             snapshot_kind_name(c->kind), instance_state_name(c->source),
             targets[c->target].given ? instance_state_name(targets[c->target].state) : "nothing",
             c->hypervisor == HYPERVISOR_UNSET ? "its own" : hypervisor_name(c->hypervisor),
             host_os_name(hosts[c->host].os), host_arch_name(hosts[c->host].arch));
    if (err->code != expected->code || strcmp(err->message, expected->message) != 0)
        fail_msg("%s: %s %s, not %s", name, error_code_name(err->code), err->message,
                 expected->message);
    if (done != (expected->code == ERROR_NONE))
        fail_msg("%s: done %d", name, done);
    if (done &&
        (state_now(f, out) != expected->state || out->config->hypervisor != expected->hypervisor ||
         instance_view(out, f->fake.now_ns).has_snapshot != (expected->state == INSTANCE_STANDBY)))
        fail_msg("%s: ends %s on %s", name, instance_state_name(state_now(f, out)),
                 hypervisor_name(out->config->hypervisor));
}

static void check_restore(struct fixture *f, const struct combination *c)
{
    const struct snapshot *snapshot = given_kind(f, c);
    const struct snapshot_target target = target_of(c);
    const struct expected expected = expect_restore(c);
    const struct instance *before = instances_find(f->world, snapshot->source->config->id);
    const struct instance *out = NULL;
    const uint64_t revision = world_revision(f->world);
    struct error err = { 0 };
    bool done =
        snapshot_restore(f->world, snapshot->source->config->id, snapshot->id, &target, &out, &err);
    check(f, "restore", c, &expected, done, out, &err);
    if (done)
        assert_ptr_equal(out, instances_find(f->world, snapshot->source->config->id));
    else
        assert_ptr_equal(before, instances_find(f->world, snapshot->source->config->id));
    assert_int_equal(world_revision(f->world), revision + (done ? 1 : 0));
}

static void check_fork(struct fixture *f, const struct combination *c)
{
    const struct snapshot *snapshot = given_kind(f, c);
    const struct snapshot_target target = target_of(c);
    const struct expected expected = expect_target(c);
    const struct instance *source = instances_find(f->world, snapshot->source->config->id);
    const struct instance *out = NULL;
    struct error err = { 0 };
    bool done = snapshot_fork(f->world, snapshot->id, TEXT("copy"), &target, &out, &err);
    check(f, "fork", c, &expected, done, out, &err);
    assert_int_equal(world_instance_count(f->world), done ? 2 : 1);
    assert_ptr_equal(source,
                     instances_find(f->world, snapshot->source->config->id)); /* SNAP-F-019 */
}

/* --- all of them ----------------------------------------------------------------------------- */

static size_t for_each_combination(struct fixture *f,
                                   void (*judge)(struct fixture *, const struct combination *))
{
    struct world_settings settings = *world_settings(f->world);
    struct combination c;
    size_t count = 0;
    for (c.host = 0; c.host < ARRAY_LEN(hosts); c.host++) {
        settings.host = hosts[c.host];
        for (c.kind = 0; c.kind < SNAPSHOT_KIND_COUNT; c.kind++) {
            for (c.source = 0; c.source < INSTANCE_STATE_COUNT; c.source++) {
                for (c.target = 0; c.target < ARRAY_LEN(targets); c.target++) {
                    for (c.hypervisor = 0; c.hypervisor < HYPERVISOR_COUNT; c.hypervisor++) {
                        fixture_restart(f, &settings);
                        judge(f, &c);
                        count++;
                    }
                }
            }
        }
    }
    return count;
}

enum { COMBINATIONS = 4 * 2 * 8 * 4 * 6 };

static void every_restore_ends_as_kind_state_target_and_host_say(void **state)
{
    assert_int_equal(for_each_combination(*state, check_restore), COMBINATIONS);
}

static void every_fork_ends_as_kind_target_and_host_say(void **state)
{
    assert_int_equal(for_each_combination(*state, check_fork), COMBINATIONS);
}

/* --- what does not fit into a microVM: SNAP-R-013 to SNAP-R-015, SNAP-F-016, SNAP-H-005 --------
 */

static const struct volume_attachment overlays[] = {
    { { "a", 1 }, { "/a", 2 }, true, true, 1 },
    { { "b", 1 }, { "/b", 2 }, true, true, 1 },
};

static void a_snapshot_becomes_a_microvm_only_if_its_devices_fit(void **state)
{
#define MICROVM "invalid request: hypervisor qemu-microvm: microvm "
    static const struct {
        int64_t hotplug_bytes;
        struct text gpu;
        size_t volume_count;
        const char *message; /* NULL: it fits */
    } cases[] = {
        { 1, { 0 }, 0, MICROVM "does not support hotplug memory" },      /* SNAP-R-013 */
        { 1, { "g", 1 }, 2, MICROVM "does not support hotplug memory" }, /* SNAP-R-014 */
        { 0, { "g", 1 }, 2, MICROVM "does not support PCI devices" },
        { 0,
          { 0 },
          2,
          MICROVM "supports at most 8 virtio-mmio devices (got 9: disks=7 networks=1 "
                  "vsock=true balloon=false)" }, /* SNAP-R-015 */
        { 0, { 0 }, 1, NULL },
    };
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.capacity.gpu_slots = 1;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct instance_request request = request_for("web");
        struct error err = { 0 };
        struct error again = { 0 };
        const struct instance *out = NULL;
        const struct snapshot_target target = { .hypervisor = HYPERVISOR_QEMU_MICROVM };
        fixture_restart(f, &settings);
        request.config.hotplug_bytes = cases[i].hotplug_bytes;
        request.config.gpu_profile = cases[i].gpu;
        request.config.volumes = overlays;
        request.config.volume_count = cases[i].volume_count;
        const struct instance *source = given_state(f, &request, INSTANCE_STOPPED);
        const struct snapshot *snapshot = given_snapshot(f, source, SNAPSHOT_STOPPED, "base");
        bool restored = snapshot_restore(f->world, snapshot->source->config->id, snapshot->id,
                                         &target, &out, &err);
        bool forked = snapshot_fork(f->world, snapshot->id, TEXT("copy"), &target, &out, &again);
        assert_int_equal(restored, cases[i].message == NULL);
        assert_int_equal(forked, restored);
        assert_string_equal(err.message, restored ? "" : cases[i].message);
        assert_string_equal(again.message, err.message);
        assert_int_equal(world_instance_count(f->world), forked ? 2 : 1);
    }
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(every_restore_ends_as_kind_state_target_and_host_say),
        ON_WORLD(every_fork_ends_as_kind_target_and_host_say),
        ON_WORLD(a_snapshot_becomes_a_microvm_only_if_its_devices_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

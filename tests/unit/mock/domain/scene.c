#include "tests/unit/mock/domain/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instance_volumes.h"
#include "mock/domain/instances.h"
#include "mock/domain/power.h"
#include "mock/domain/snapshot_fork.h"
#include "mock/domain/snapshot_restore.h"
#include "mock/domain/snapshots.h"
#include "mock/domain/standby.h"

struct text scene_id(const struct scene *s)
{
    return (struct text){ s->instance, RESOURCE_ID_LEN };
}

struct text scene_snapshot_id(const struct scene *s)
{
    return (struct text){ s->snapshot, RESOURCE_ID_LEN };
}

const struct instance *scene_stored(const struct scene *s)
{
    return instances_find(s->f->world, scene_id(s));
}

void scene_wait(const struct scene *s, int64_t ns)
{
    s->f->fake.now_ns += ns;
}

const struct instance *scene_do(const struct scene *s, operation *run)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    bool done = run(s, &out, &err);
    assert_done(done, &err);
    return out;
}

/* Something for every operation to work on: a variable that a credential names, a volume. */
static struct instance_request full_request(void)
{
    static const struct credential_injection injection = { { "A", 1 }, { "${value}", 8 }, { 0 } };
    static const struct credential credential = { { "key", 3 }, { "TOKEN", 5 }, &injection, 1 };
    static const struct volume_attachment volume = { { "vol", 3 }, { "/data", 5 }, true, false, 0 };
    static const struct pair env = { { "TOKEN", 5 }, { "t", 1 } };
    struct instance_request request = request_for("web");
    request.config.network.egress_enabled = true;
    request.config.credentials = &credential;
    request.config.credential_count = 1;
    request.config.env = (struct pair_list){ &env, 1 };
    request.config.volumes = &volume;
    request.config.volume_count = 1;
    return request;
}

/* Running, with a snapshot taken. */
struct scene scene_running(struct fixture *f, const struct instance_request *request)
{
    struct scene s = { .f = f };
    memcpy(s.instance, given_request(f, request)->config->id.data, RESOURCE_ID_LEN);
    scene_wait(&s, NS_PER_SEC);
    const struct snapshot *snapshot = given_snapshot(f, scene_stored(&s), SNAPSHOT_STANDBY, "base");
    memcpy(s.snapshot, snapshot->id.data, RESOURCE_ID_LEN);
    return s;
}

/* The states that operations lead to are reached by them, the others are forced. */
struct scene scene_in(struct fixture *f, enum instance_state state)
{
    struct instance_request request = full_request();
    struct scene s = scene_running(f, &request);
    scene_wait(&s, NS_PER_SEC);
    switch (state) {
    case INSTANCE_RUNNING:
        break;
    case INSTANCE_STANDBY:
        (void)scene_do(&s, do_standby);
        break;
    case INSTANCE_STOPPED:
        (void)scene_do(&s, do_stop);
        break;
    case INSTANCE_INITIALIZING:
        (void)scene_do(&s, do_stop);
        (void)scene_do(&s, do_start);
        break;
    default:
        force_state(f, scene_id(&s), state);
    }
    scene_wait(&s, NS_PER_MS);
    assert_int_equal(state_now(f, scene_stored(&s)), state);
    return s;
}

struct scene scene_eventful(struct fixture *f)
{
    struct instance_request request = request_for("web");
    request.config.restart = restart_policy(RESTART_ALWAYS);
    request.config.health_check = http_check();
    struct scene s = scene_running(f, &request);
    struct instance_edit edit;
    struct error err = { 0 };
    scene_wait(&s, NS_PER_SEC);
    (void)scene_do(&s, do_stop);
    scene_wait(&s, NS_PER_SEC);
    (void)scene_do(&s, do_start);
    scene_wait(&s, NS_PER_SEC);
    assert_done(instance_edit_begin(&edit, f->world, scene_id(&s), &err), &err);
    edit.next.restart.attempts = 2;
    edit.next.restart.last_attempt_at_ns = f->fake.now_ns;
    assert_done(instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_RESTARTED },
                                     NULL, &err),
                &err);
    scene_wait(&s, NS_PER_SEC);
    return s;
}

/* --- the operations -------------------------------------------------------------------------- */

bool do_standby(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_standby(s->f->world, scene_id(s), &(struct standby_request){ 0 }, out, err);
}

bool do_standby_compressed(const struct scene *s, const struct instance **out, struct error *err)
{
    struct standby_request request = {
        .compression = { .present = true, .enabled = true, .level = COMPRESSION_LEVEL_UNSET },
    };
    return instance_standby(s->f->world, scene_id(s), &request, out, err);
}

bool do_standby_delayed(const struct scene *s, const struct instance **out, struct error *err)
{
    struct standby_request request = { .has_compression_delay = true };
    return instance_standby(s->f->world, scene_id(s), &request, out, err);
}

bool do_restore(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_restore(s->f->world, scene_id(s), out, err);
}

bool do_stop(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_stop(s->f->world, scene_id(s), out, err);
}

bool do_start(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_start(s->f->world, scene_id(s), &(struct start_request){ 0 }, out, err);
}

static const struct text true_command = { "true", 4 };

bool do_start_overridden(const struct scene *s, const struct instance **out, struct error *err)
{
    struct start_request request = { .cmd = { &true_command, 1 } };
    return instance_start(s->f->world, scene_id(s), &request, out, err);
}

bool do_fork(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_fork(s->f->world, scene_id(s), &s->fork, out, err);
}

bool do_delete(const struct scene *s, const struct instance **out, struct error *err)
{
    (void)out;
    return instances_delete(s->f->world, scene_id(s), err);
}

bool do_patch(const struct scene *s, const struct instance **out, struct error *err)
{
    struct update_request request = { .auto_standby = { .present = true },
                                      .health_check = { .present = true },
                                      .has_restart = true,
                                      .has_ttl = true,
                                      .ttl_ns = NS_PER_SEC };
    return instance_update(s->f->world, scene_id(s), &request, out, err);
}

bool do_patch_env(const struct scene *s, const struct instance **out, struct error *err)
{
    struct update_request request = { .has_env = true, .env = PAIRS(PAIR("TOKEN", "new")) };
    return instance_update(s->f->world, scene_id(s), &request, out, err);
}

static bool capture(const struct scene *s, enum snapshot_kind kind, const struct instance **out,
                    struct error *err)
{
    const struct snapshot *snapshot = NULL;
    if (!snapshot_create(s->f->world, scene_id(s), &(struct snapshot_request){ .kind = kind },
                         &snapshot, err))
        return false;
    *out = scene_stored(s);
    return true;
}

bool do_capture_standby(const struct scene *s, const struct instance **out, struct error *err)
{
    return capture(s, SNAPSHOT_STANDBY, out, err);
}

bool do_capture_stopped(const struct scene *s, const struct instance **out, struct error *err)
{
    return capture(s, SNAPSHOT_STOPPED, out, err);
}

bool do_restore_snapshot(const struct scene *s, const struct instance **out, struct error *err)
{
    return snapshot_restore(s->f->world, scene_id(s), scene_snapshot_id(s), &s->target, out, err);
}

bool do_fork_snapshot(const struct scene *s, const struct instance **out, struct error *err)
{
    return snapshot_fork(s->f->world, scene_snapshot_id(s), TEXT("copy"), &s->target, out, err);
}

bool do_delete_snapshot(const struct scene *s, const struct instance **out, struct error *err)
{
    if (!snapshots_delete(s->f->world, scene_snapshot_id(s), err))
        return false;
    *out = scene_stored(s);
    return true;
}

bool do_attach(const struct scene *s, const struct instance **out, struct error *err)
{
    struct volume_attachment volume = { .volume_id = TEXT("more"), .mount_path = TEXT("/more") };
    return instance_attach_volume(s->f->world, scene_id(s), &volume, out, err);
}

bool do_detach(const struct scene *s, const struct instance **out, struct error *err)
{
    return instance_detach_volume(s->f->world, scene_id(s), TEXT("vol"), out, err);
}

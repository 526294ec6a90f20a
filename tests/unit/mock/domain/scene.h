/* One instance in a state, with something for every operation to work on, and the operations. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_DOMAIN_SCENE_H
#define TESTKIT_TESTS_UNIT_MOCK_DOMAIN_SCENE_H

#include "mock/domain/instance_fork.h"
#include "mock/domain/target_state.h"
#include "tests/unit/mock/domain/world_fixture.h"

/* The ids of an instance and of a snapshot of it, which outlive their records. */
struct scene {
    struct fixture *f;
    char instance[RESOURCE_ID_LEN];
    char snapshot[RESOURCE_ID_LEN];
    struct fork_request fork;      /* what do_fork asks for                               */
    struct snapshot_target target; /* ... and do_restore_snapshot and do_fork_snapshot do */
};

struct text scene_id(const struct scene *s);
struct text scene_snapshot_id(const struct scene *s);
const struct instance *scene_stored(const struct scene *s); /* NULL once deleted */
void scene_wait(const struct scene *s, int64_t ns);

/* Running, with a Standby snapshot taken. */
struct scene scene_running(struct fixture *f, const struct instance_request *request);
/* Networked, with a readonly volume and a variable that a credential names; has a Standby snapshot.
 * The states that operations lead to are reached by them, the others are forced. */
struct scene scene_in(struct fixture *f, enum instance_state state);
/* A Running one with policies for restarts and health, which has been stopped and restarted before:
 * each time it has is another one, and its restart status is not empty. */
struct scene scene_eventful(struct fixture *f);

/* out      the instance, or the one that was made; untouched by do_delete */
typedef bool operation(const struct scene *s, const struct instance **out, struct error *err);

operation do_standby;
operation do_standby_compressed;
operation do_standby_delayed;
operation do_restore;
operation do_stop;
operation do_start;
operation do_start_overridden;
operation do_fork;
operation do_delete;
operation do_patch;
operation do_patch_env;
operation do_capture_standby;
operation do_capture_stopped;
operation do_restore_snapshot;
operation do_fork_snapshot;
operation do_delete_snapshot;
operation do_attach;
operation do_detach;

/* Asserts that it succeeds. */
const struct instance *scene_do(const struct scene *s, operation *run);

#endif

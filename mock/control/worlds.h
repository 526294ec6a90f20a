/* All worlds of the program, and the turn they share.
 *
 * The default world is always there. Not thread-safe. */
#ifndef TESTKIT_MOCK_CONTROL_WORLDS_H
#define TESTKIT_MOCK_CONTROL_WORLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "mock/control/served_world.h"

#define DEFAULT_WORLD_NAME "default"

struct worlds_settings {
    size_t max; /* how many there may be, with the default one */
    /* Only ever goes forward; measures TTLs and the pauses of the program. */
    struct clock ticks;
    /* Called for every answer that no longer waits, also during other calls. */
    void (*ready)(struct response *res);
};

/* Read freely; change only through the functions. */
struct worlds {
    struct worlds_settings settings;
    struct served_world **by_name; /* sorted */
    size_t count;
    size_t capacity;
    struct served_world *main; /* the default world */
    struct served_world *touched;
    int64_t soonest_ns; /* in ticks: no world has anything to do before; found anew when it is over,
                           since a world that was soonest may have less to do by then */
    uint64_t made;      /* so far */
};

/* In the caller's memory, with the default world. Owned: worlds_fini(), not after a failure.
 * Fails  NO_MEMORY */
MUST_USE bool worlds_init(struct worlds *all, const struct worlds_settings *settings,
                          const struct world_plan *plan, struct error *err);
/* Nobody waits, and every answer is over. All zero is fine. */
void worlds_fini(struct worlds *all);

/* Letters, digits, '.', '_' and '-', beginning with a letter or digit, at most WORLD_NAME_MAX.
 * Fails  INVALID_ARGUMENT  "name" */
MUST_USE bool world_name_check(struct text name, struct error *err);
/* NULL when there is none. */
struct served_world *worlds_find(const struct worlds *all, struct text name);

/* Takes the world in. Consumed, also on failure; NULL stands for one that lacked memory.
 * Fails  ALREADY_EXISTS  "name"
 *        RESOURCE_EXHAUSTED  there are as many as there may be
 *        NO_MEMORY */
MUST_USE bool worlds_add(struct worlds *all, struct served_world *world, struct error *err);
/* Ends every wait in the world and forgets it; its memory goes with its last answer. Not for the
 * default world. */
void worlds_remove(struct worlds *all, struct served_world *world);
/* The same, but that the other, of the same name, takes its place. Consumed. */
void worlds_replace(struct worlds *all, struct served_world *old, struct served_world *world);

/* A request for the world begins, and its answer is over. */
void worlds_enter(struct worlds *all, struct served_world *world);
void worlds_leave(struct worlds *all, struct served_world *world);
/* Something has changed that the world itself does not notice, such as who waits: it is looked at
 * in the next turn. */
void worlds_touch(struct worlds *all, struct served_world *world);

/* Lets every world that was touched, or has something to do by now, go on. */
void worlds_turn(struct worlds *all);
/* Nanoseconds until a turn may be worth while though nobody asked for anything; INT64_MAX for
 * never. */
int64_t worlds_pause_ns(const struct worlds *all);
/* From the next turn on nobody waits in any world. */
void worlds_finish(struct worlds *all);

#endif

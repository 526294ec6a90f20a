/* One world as it is served: its clock, its ids, its resources, and who waits in it.
 *
 * Everything a test controls belongs to one world and to no other. A world that is removed while
 * answers of it are on their way lives on until the last of them is over. Not thread-safe. */
#ifndef TESTKIT_MOCK_CONTROL_SERVED_WORLD_H
#define TESTKIT_MOCK_CONTROL_SERVED_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "common/json/json_document.h"
#include "mock/api/api.h"
#include "mock/control/coverage.h"
#include "mock/control/faults.h"
#include "mock/control/journal.h"
#include "mock/control/world_clock.h"
#include "mock/domain/world.h"

enum { WORLD_NAME_MAX = 63 };

struct served_world;

/* What a world is made with. */
struct world_plan {
    const struct env *env; /* what its clock runs on, where its seed comes from unless it is given,
                              and its memory; borrowed, must outlive the world */
    struct world_settings settings;
    struct api_settings api;
    enum clock_mode clock_mode;
    bool seeded;
    uint64_t seed; /* of its ids, when seeded */
    /* What a new world is a copy of; borrowed. NULL: it is empty. */
    const struct served_world *start;
    size_t journal_bytes; /* of its journal */
};

struct served_world {
    char name[WORLD_NAME_MAX + 1];
    struct world_plan plan; /* as made, with its seed; what a reset goes back to */
    struct world_clock clock;
    struct rng_seeded ids;
    struct env env; /* of the three above */
    struct world *world;
    struct api *api;
    struct journal journal;
    struct coverage coverage; /* of its requests, whether or not they are still in the journal */
    struct faults faults;     /* of requests to come */
    uint64_t requests; /* so far; the n-th is NAME-n                                             */
    int64_t ttl_ns;    /* 0: lives until it is removed. Else until this long after its last
                          request is over, by the ticks of worlds.h                              */
    /* The rest is the bookkeeping of worlds.c; times are in its ticks. */
    int64_t used_ns; /* when the last request was over                     */
    int64_t due_ns;  /* when something happens by itself                   */
    size_t users;    /* answers that are not over                          */
    bool removed;    /* nobody finds it any more                           */
    bool touched;    /* to be looked at in the next turn                   */
    struct served_world *next_touched;
};

/* NULL when out of memory. Owned: served_world_free(). The name has been judged.
 * plan  copied; what its api settings borrow must outlive the world */
MUST_USE struct served_world *served_world_new(struct text name, const struct world_plan *plan);
/* One of a document (mock/state/state.h), with its time, ids to come and settings.
 * Fails  INVALID_ARGUMENT  what is wrong with the document, and the path to it
 *        NO_MEMORY */
MUST_USE bool served_world_load(struct text name, const struct world_plan *plan,
                                const struct json_at *document, struct served_world **out,
                                struct error *err);
/* The document of a world as it is now.
 * Fails  RESOURCE_EXHAUSTED, NO_MEMORY */
MUST_USE bool served_world_save(const struct served_world *world, struct buffer *out,
                                struct error *err);
/* A copy as it is now, in constant time however large: resources, clock, ids and faults. Requests
 * stay where they are, and are counted anew. NULL when out of memory. Owned: served_world_free().
 */
MUST_USE struct served_world *served_world_fork(const struct served_world *from, struct text name);
/* Nobody waits in it and no answer uses it. NULL is fine. */
void served_world_free(struct served_world *world);

#endif

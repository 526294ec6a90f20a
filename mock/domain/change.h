/* A change of a world: new versions of any number of records that take effect together or not at
 * all. The one way anything stored is changed; for the domain's own files.
 *
 *     struct change change = change_of(world);
 *     change_instance(&change, stored, instance_new(mem, &edited));
 *     change_snapshot(&change, NULL, snapshot_new(mem, &snapshot));
 *     return change_commit(&change, err); */
#ifndef TESTKIT_MOCK_DOMAIN_CHANGE_H
#define TESTKIT_MOCK_DOMAIN_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/schedule.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/world.h"

enum { CHANGE_FEW = 4 };

struct change_item {
    const struct store_kind *kind;
    const void *old;   /* a reference of ours */
    const void *value; /* likewise            */
};

struct change {
    struct world *world;
    struct change_item few[CHANGE_FEW]; /* the first items, so that a request needs no more */
    struct change_item *more;           /* those after them                                 */
    size_t more_capacity;
    size_t count;
    bool incomplete; /* something could not be made for lack of memory: the commit will fail */
};

/* Ends with commit or abandon, unless nothing was added to it. */
struct change change_of(struct world *world);

/* `old`, as stored, goes and `value` comes in its place.
 * old    borrowed; NULL: a record is added. At most one change of a record
 * value  consumed. For the `remove` forms there is none; for the others NULL says that it could not
 *        be made for lack of memory, and the commit will fail */
void change_instance(struct change *change, const struct instance *old,
                     const struct instance *value);
void change_remove_instance(struct change *change, const struct instance *old);
void change_snapshot(struct change *change, const struct snapshot *old,
                     const struct snapshot *value);
void change_remove_snapshot(struct change *change, const struct snapshot *old);
void change_schedule(struct change *change, const struct schedule *old,
                     const struct schedule *value);
void change_remove_schedule(struct change *change, const struct schedule *old);

/* Makes it so; values live on in the world, and what they replaced as long as others hold it.
 * Fails    NO_MEMORY  nothing has changed */
MUST_USE bool change_commit(struct change *change, struct error *err);
/* Gives up what was added and is not committed. */
void change_abandon(struct change *change);

#endif

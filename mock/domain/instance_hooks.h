/* What a test made of an instance's surroundings: who is connected to it, how its probes end, and
 * what becomes of its transitions. For the domain's own files.
 *
 * Immutable and shared between the versions of an instance, as records are (instance.h). Most have
 * none, which costs them a pointer. They belong to the place, not to the guest: a restored snapshot
 * brings none along, and a fork starts without. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_HOOKS_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/transition_plan.h"

struct instance_hooks {
    uint32_t refs; /* bookkeeping; 0: an edited copy                             */
    uint32_t connections;
    int64_t connected_at_ns;     /* when the latest of them came                */
    int64_t idle_since_ns;       /* when the last of them went; 0: none has     */
    int64_t probes_since_ns;     /* how probes end was changed then             */
    struct health probes_so_far; /* what they had found by then                 */
    bool probes_fail;            /* those that end later than probes_since_ns   */
    struct transition_plan plan;
};

/* A copy to be edited; all zero when the instance has none. A record that is made with hooks of
 * refs 0 has a copy of them. */
struct instance_hooks instance_hooks_of(const struct instance *instance);
/* The instance has these from now on.
 * hooks    copied
 * Fails    NO_MEMORY  nothing has changed */
MUST_USE bool instance_hooks_commit(struct instance_edit *edit, const struct instance_hooks *hooks,
                                    struct error *err);

/* A copy; NULL when out of memory. Owned, one reference: instance_hooks_release(). */
MUST_USE const struct instance_hooks *instance_hooks_new(const struct mem *mem,
                                                         const struct instance_hooks *from);
/* Whether they say nothing, so that an instance needs none. */
bool instance_hooks_are_empty(const struct instance_hooks *hooks);
void instance_hooks_retain(const struct instance_hooks *hooks); /* NULL is fine */
void instance_hooks_release(const struct mem *mem, const struct instance_hooks *hooks);

/* --- transitions of an instance that is being edited ---------------------------------------- */

/* Takes note that one is carried out, whose failure is not to be: a pass is used up.
 * room     memory for the hooks that edited has then, where they have changed */
void instance_hooks_use_pass(struct instance *edited, enum transition transition,
                             struct instance_hooks *room);
/* Takes note that one is carried out: a pass and a failure that comes once are used up. True:
 * it fails. */
MUST_USE bool instance_hooks_use(struct instance *edited, enum transition transition,
                                 struct instance_hooks *room);
/* The same for what a request asked for.
 * room     must live until the edit is committed
 * Fails    INTERNAL   "transition"  it fails; that it did so is committed, and nothing else has
 * changed NO_MEMORY  nothing has changed */
MUST_USE bool instance_hooks_pass(struct instance_edit *edit, enum transition transition,
                                  struct instance_hooks *room, struct error *err);

#endif

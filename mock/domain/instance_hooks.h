/* What a test made of an instance's surroundings: who is connected to it, and how its probes end.
 * For the domain's own files.
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

struct instance_hooks {
    uint32_t refs; /* bookkeeping                                                */
    uint32_t connections;
    int64_t connected_at_ns;     /* when the latest of them came                */
    int64_t idle_since_ns;       /* when the last of them went; 0: none has     */
    int64_t probes_since_ns;     /* how probes end was changed then             */
    struct health probes_so_far; /* what they had found by then                 */
    bool probes_fail;            /* those that end later than probes_since_ns   */
};

/* Those of an instance to be edited; all zero when it has none. */
struct instance_hooks instance_hooks_of(const struct instance *instance);
/* The instance has these from now on.
 * hooks    copied
 * Fails    NO_MEMORY  nothing has changed */
MUST_USE bool instance_hooks_commit(struct instance_edit *edit, const struct instance_hooks *hooks,
                                    struct error *err);

void instance_hooks_retain(const struct instance_hooks *hooks); /* NULL is fine */
void instance_hooks_release(const struct mem *mem, const struct instance_hooks *hooks);

#endif

/* A fork being made, of an instance or of a snapshot. For the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_FORK_H
#define TESTKIT_MOCK_DOMAIN_FORK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/mem.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/resource_id.h"
#include "mock/domain/world.h"

struct fork {
    struct resource_id id;
    struct instance_config config; /* an edited copy: refs is 0                    */
    struct instance instance;      /* with config above, once fork_bind was called */
};

/* A copy of `source` that is somebody else: own id and name, created now, without address, times,
 * exit, deadline, restart status and history. State and phases are the source's; change what is to
 * be different, then fork_bind. source, name  borrowed as long as the fork is */
struct fork fork_begin(const struct world *world, const struct instance *source, struct text name);
/* From now on the struct must not be moved or copied. */
void fork_bind(struct fork *fork);

/* The name is held by no instance, networked or not (SNAP-F-012, INST-FK-030).
 * Fails    ALREADY_EXISTS  "name"  instance already exists: instance name '{n}' already exists */
MUST_USE bool fork_check_name(const struct world *world, struct text name, struct error *err);

/* The record; NULL when out of memory. Owned: instance_release().
 * origin   full id of the instance or snapshot it was made of */
MUST_USE const struct instance *fork_new(const struct mem *mem, const struct fork *fork,
                                         struct text origin, int64_t now_ns);

#endif

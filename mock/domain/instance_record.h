/* Making and sharing instance records; for the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_RECORD_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_RECORD_H

#include <stdint.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/capacity.h"
#include "mock/domain/instance.h"

/* A copy of `from` with everything it points to; NULL when out of memory. Owned, one reference:
 * instance_config_release(). */
MUST_USE const struct instance_config *instance_config_new(const struct mem *mem,
                                                           const struct instance_config *from);
/* NULL is fine. */
void instance_config_release(const struct mem *mem, const struct instance_config *config);

/* A record with the fields of `from`, sharing its config, history and hooks; NULL when out of
 * memory. Owned, one reference: instance_release(). Edit a plain struct copy of a record, then make
 * it one. Hooks that are no record's (refs is 0) are copied. */
MUST_USE const struct instance *instance_new(const struct mem *mem, const struct instance *from);
/* The same with an event on top of its history. A config that is no record's (refs is 0) but an
 * edited copy is copied. */
MUST_USE const struct instance *
instance_new_after(const struct mem *mem, const struct instance *from, struct history_event event);
void instance_retain(const struct instance *instance);
/* NULL is fine. */
void instance_release(const struct mem *mem, const struct instance *instance);

/* Books in an edited copy what time alone has done up to now_ns: the end of a boot, and of what
 * restart_status remembers (INST-RP-009). */
void instance_settle(struct instance *edited, int64_t now_ns);

/* Whether it is no boot's end that running_at_ns says, but its failure (boot_failure.h). */
bool instance_boot_fails(const struct instance *instance);

/* Since when it is Running, or will be: of one that is Initializing or Running, settled or not. */
int64_t instance_running_since_ns(const struct instance *instance);

/* What it takes of the host; nothing without a virtual machine process (RES-007..010). */
struct capacity_use instance_capacity_use(const struct instance *instance);

#endif

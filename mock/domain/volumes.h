/* The rules on the volumes of a new instance. The real server answers 500 to each of them, so they
 * are INTERNAL here and their texts are for explaining (instances.md 7.2). */
#ifndef TESTKIT_MOCK_DOMAIN_VOLUMES_H
#define TESTKIT_MOCK_DOMAIN_VOLUMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"

/* Virtual disks they need: one each, and one more for an overlay. */
int64_t volumes_disk_count(const struct volume_attachment *volumes, size_t count);

/* INST-C-070 to 076.
 * mem      for working space during the call
 * Fails    INTERNAL, field "volumes"; NO_MEMORY */
MUST_USE bool volumes_check_rules(const struct mem *mem, const struct volume_attachment *volumes,
                                  size_t count, struct error *err);

/* Every volume id exists and is free; but one instance cannot attach one twice (INST-C-078).
 * Fails    INTERNAL, field "volumes" */
MUST_USE bool volumes_check_attachable(const struct volume_attachment *volumes, size_t count,
                                       struct error *err);

/* The first volume attached for writing; NULL when all are readonly (SNAP-C-018). Borrowed. */
const struct volume_attachment *volumes_first_writable(const struct volume_attachment *volumes,
                                                       size_t count);

#endif

/* The rules on the volumes of a new instance. The real server answers 500 to each of them
 * (instances.md 7.2), so the texts are ours. */
#ifndef TESTKIT_MOCK_DOMAIN_VOLUMES_H
#define TESTKIT_MOCK_DOMAIN_VOLUMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* Virtual disks they need: one each, and one more for an overlay. */
int64_t volumes_disk_count(const struct volume_attachment *volumes, size_t count);

/* An absolute path without empty parts, "." and "..", as Go's path.Clean; "/" comes out empty.
 * out      room for path.len bytes, which the result borrows */
struct text volumes_clean_path(struct text path, char *out);

/* INST-C-070 to 076.
 * mem      for working space during the call
 * Fails    INTERNAL, field "volumes"; NO_MEMORY */
MUST_USE bool volumes_check_rules(const struct mem *mem, const struct volume_attachment *volumes,
                                  size_t count, struct error *err);

/* Every volume id exists. One is free for writing when nobody holds it, and for reading when nobody
 * writes; one instance cannot attach one twice (INST-C-078).
 * config   of the instance that wants them, except the listed ones; what itself holds under its id
 *          does not count
 * Fails    INVALID_STATE, field "volumes" */
MUST_USE bool volumes_check_attachable(const struct world *world,
                                       const struct instance_config *config, struct error *err);

/* Fails    NOT_SUPPORTED  operation not supported: cannot fork instance with writable volume ...
 *                         (INST-FK-033) */
MUST_USE bool volumes_check_readonly(const struct instance_config *config, struct error *err);

#endif

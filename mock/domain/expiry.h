/* The removal of instances whose deadline has passed: newest.md NEW-060 to NEW-066. One of the
 * world's sources of events (world_events.c); for the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_EXPIRY_H
#define TESTKIT_MOCK_DOMAIN_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "mock/domain/world.h"

/* The next sweep that finds somebody, of those at the world's start and every minute from there
 * (NEW-060); INT64_MAX for never. */
int64_t expiry_next_ns(const struct world *world);

/* The sweep at the world's moment: deletes each instance whose deadline is then or earlier, as
 * DELETE does (NEW-064). Nothing is busy here, an operation takes no time (NEW-063). False when
 * memory lacks: some may still be there. */
MUST_USE bool expiry_sweep(struct world *world);

#endif

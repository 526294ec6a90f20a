/* The instances of a world: finding, listing, deleting. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCES_H
#define TESTKIT_MOCK_DOMAIN_INSTANCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/cow_map.h"
#include "mock/domain/instance.h"
#include "mock/domain/pairs.h"
#include "mock/domain/world.h"

/* By full id; NULL when absent. Borrowed until the next change of the world. */
const struct instance *instances_find(const struct world *world, struct text id);

/* By the word of a path, already percent-decoded: exact id, else the one instance of that exact
 * name, else the one instance whose id starts with it (SNAP-I-003..006, INST-ID-002..006).
 * out      borrowed until the next change of the world
 * Fails    NOT_FOUND  resource not found
 *          AMBIGUOUS  multiple resources match, use full ID */
MUST_USE bool instances_resolve(const struct world *world, struct text word,
                                const struct instance **out, struct error *err);

/* The same, but never as the beginning of an id. */
MUST_USE bool instances_resolve_whole(const struct world *world, struct text word,
                                      const struct instance **out, struct error *err);

/* Removes an instance in any state (INST-D-001); its address and capacity become free, its
 * snapshots stay (SNAP-S-010).
 * id       full id; may point into the record itself
 * Fails    NOT_FOUND  instance not found
 *          NO_MEMORY  (only while a list is open)
 * A failed call changes nothing. */
MUST_USE bool instances_delete(struct world *world, struct text id, struct error *err);

struct instance_filter {
    bool by_state;
    enum instance_state state; /* as seen at the moment of opening (INST-L-003)     */
    struct pair_list tags;     /* any order; empty: all (INST-T-005)                */
};

/* A list in progress, in the caller's memory: shows the world as it was when opened, whatever
 * happens meanwhile, and costs no copy. Ascending by id (INST-L-002). Do not copy the struct. */
struct instance_cursor {
    struct cow_map map;
    struct cow_cursor at;
    struct instance_filter filter;
    int64_t now_ns; /* moment of opening; use it for instance_view of what comes out */
};

/* Cannot fail. Close it, also before the env goes away.
 * filter   copied; its tags are borrowed until close */
void instance_cursor_open(struct instance_cursor *cursor, const struct world *world,
                          const struct instance_filter *filter);
/* The next match, borrowed until close; NULL at the end. */
const struct instance *instance_cursor_next(struct instance_cursor *cursor);
void instance_cursor_close(struct instance_cursor *cursor); /* a zeroed or closed one is fine */

#endif

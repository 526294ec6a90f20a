/* Which scenarios are played, by which way, and which are skipped and why. */
#ifndef TESTKIT_CONFORMANCE_SUITE_PLAN_H
#define TESTKIT_CONFORMANCE_SUITE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "conformance/suite/capability.h"
#include "conformance/suite/scenario.h"
#include "conformance/suite/truth.h"

enum { SELECTS_MAX = 16 };

struct plan_wishes {
    enum truth truth;
    bool vias[VIA_COUNT];
    const char *selects[SELECTS_MAX]; /* patterns of ids, with or without "/via:X"; none: all */
    size_t select_count;
    int64_t budget_ns; /* of real time, where no clock can be moved */
};

struct plan_item {
    const struct scenario *scenario;
    enum via via;
    const char *id;   /* "snapshots/create/empty-name/via:rest" */
    const char *skip; /* why it is not played; NULL: it is      */
};

/* In the arena, in order of ids. */
struct plan {
    struct plan_item *items;
    size_t count;
};

/* target  NULL: nothing is known of it, so nothing is skipped for what it lacks
 * Fails   NO_MEMORY */
MUST_USE bool plan_make(const struct scenario_set *set, const struct plan_wishes *wishes,
                        const struct capabilities *target, struct arena *arena, struct plan *out,
                        struct error *err);

#endif

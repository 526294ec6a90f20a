/* What a scenario has made on the target, to be deleted again and nothing else. */
#ifndef TESTKIT_CONFORMANCE_SUITE_TRACKER_H
#define TESTKIT_CONFORMANCE_SUITE_TRACKER_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "conformance/suite/shapes.h"

struct tracked {
    const char *path; /* "/snapshots/ID": deleted by DELETE */
    struct tracked *next;
};

struct tracker {
    struct arena *arena; /* borrowed */
    struct tracked *newest;
};

/* Looks at an answered request: a success of an operation that makes something is remembered, a
 * deletion forgets. */
void tracker_note(struct tracker *tracker, const struct shapes *shapes, const char *method,
                  struct text path, int status, const json_t *body);

/* What is to be deleted next, in the order of dependence and then the newest first; NULL at the
 * end. Takes it off. */
const char *tracker_next(struct tracker *tracker, const struct shapes *shapes);

#endif

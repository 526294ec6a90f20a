/* The answers that wait for something to happen in their world.
 *
 * They stand in order of their wake times and, where these are equal, of arrival. As long as
 * neither the world changes nor a wake time passes, a turn costs the same for one and for
 * thousands. */
#ifndef TESTKIT_MOCK_API_WAITING_H
#define TESTKIT_MOCK_API_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "mock/api/response.h"
#include "mock/domain/world.h"

struct waiting {
    struct world *world;           /* borrowed                                        */
    struct response *first, *last; /* borrowed from add until remove or ready         */
    uint64_t seen_revision;        /* of the world when all were looked at            */
    int64_t turned_ns;             /* the moment of the last turn                     */
    bool ending;                   /* nobody may wait any longer                      */
    bool stale;                    /* all are to be looked at in the next turn        */
};

/* In the caller's memory; nothing to free. Nobody waits. */
struct waiting waiting_in(struct world *world);

/* For an answer whose operation set res->wait, or whose stream has nothing to send. */
void waiting_add(struct waiting *waiting, struct response *res);
/* One that nobody wants any more. */
void waiting_remove(struct waiting *waiting, struct response *res);

/* Lets the world advance and looks again, all at one moment, at those who may have something by
 * now: whose wake time has passed, and everybody when the world has changed or nobody may wait any
 * longer. For each that has, `ready` is called; it no longer waits then. */
void waiting_turn(struct waiting *waiting, void (*ready)(struct response *res));

/* How long from now, in nanoseconds, until a turn is worth while though nobody asked for anything;
 * INT64_MAX for never. */
int64_t waiting_pause_ns(const struct waiting *waiting);
/* The moment of the world's clock for which that is; INT64_MAX for never. */
int64_t waiting_due_ns(const struct waiting *waiting);
/* Whether that moment is over, and what was due then could not be done for lack of memory. */
bool waiting_is_behind(const struct waiting *waiting);
/* Whether somebody waits for an answer, or for a moment, and time brings it: not only the next
 * piece of a stream, or a test that lets it go on. */
bool waiting_has_waits(const struct waiting *waiting);

#endif

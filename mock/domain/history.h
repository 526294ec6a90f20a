/* What happened to an instance, for its logs and for explaining how it came to be as it is.
 *
 * A list from the newest event back, shared between the versions of a record; each version holds
 * the events up to its own. Bounded: when a list is full its older half is forgotten, but for what
 * the logs begin with: the last boot, the last start of any kind and the last restoration. */
#ifndef TESTKIT_MOCK_DOMAIN_HISTORY_H
#define TESTKIT_MOCK_DOMAIN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/resource_id.h"

enum { HISTORY_MAX = 512 };

enum history_kind {
    HISTORY_CREATED,
    HISTORY_FORKED,       /* made as a fork; `other` is the source instance or snapshot     */
    HISTORY_STARTED,      /* POST /start                                                    */
    HISTORY_RESTARTED,    /* by its restart policy; without a start: in vain               */
    HISTORY_RESUMED,      /* POST /restore                                                  */
    HISTORY_STANDBY,      /* POST /standby                                                  */
    HISTORY_AUTO_STANDBY, /* by its auto-standby policy                                     */
    HISTORY_STOPPED,      /* POST /stop; or by its restart policy, which then could not start
                             it again                                                       */
    HISTORY_EXITED,       /* the guest ended by itself                                      */
    HISTORY_CAPTURED,     /* a snapshot was taken; `other` is its id. Of several in a row the
                             last is kept                                                   */
    HISTORY_COPIED,       /* a fork was taken, through standby and back; `other` is its id  */
    HISTORY_RESTORED,     /* a snapshot took the instance's place; `other` is its id        */
    HISTORY_UPDATED,      /* PATCH                                                          */
    HISTORY_ATTACHED,     /* a volume                                                       */
    HISTORY_DETACHED,     /* likewise                                                       */
    HISTORY_FORCED,       /* into a state, by a test                                        */
    HISTORY_KIND_COUNT,
};

/* How the virtual machine came up in an event, if it did. */
enum history_start {
    HISTORY_NO_START,
    HISTORY_COLD_START,   /* a boot, over at `until_ns` */
    HISTORY_RESUMED_START /* from a standby image       */
};

/* "created", "auto_standby" ... Static text. */
const char *history_kind_name(enum history_kind kind);
/* "cold", "resumed"; "" for HISTORY_NO_START. Static text. */
const char *history_start_name(enum history_start start);

struct history_event {
    enum history_kind kind;
    enum history_start start;
    uint64_t number; /* counts the instance's events from 1, the forgotten ones too; ignored in an
                        event to be added */
    int64_t at_ns;
    int64_t until_ns;         /* of a cold start                        */
    bool has_exit_code;       /* STOPPED, EXITED: the guest reported it */
    int32_t exit_code;        /* likewise                               */
    struct resource_id other; /* where the kind has one; else zero      */
};

/* Read event and before freely. */
struct history {
    uint32_t refs;                /* bookkeeping                       */
    uint32_t count;               /* events from here back to the end */
    const struct history *before; /* the event before; NULL at the end */
    struct history_event event;
};

/* `before` (NULL: none) with an event on top; NULL when out of memory. `before` is borrowed and
 * stays as it is. Owned: history_release(). */
MUST_USE const struct history *history_add(const struct mem *mem, const struct history *before,
                                           struct history_event event);
/* An event as it was: it keeps its number, and nothing is forgotten. For what reads worlds back.
 * before  NULL, or of less than HISTORY_MAX events. Otherwise as history_add() */
MUST_USE const struct history *history_restore(const struct mem *mem, const struct history *before,
                                               struct history_event event);
/* The same history, but that its latest boot is over at until_ns, not when it said; NULL when out
 * of memory. Owned: history_release(). */
MUST_USE const struct history *history_end_boot(const struct mem *mem,
                                                const struct history *history, int64_t until_ns);
void history_retain(const struct history *history); /* NULL is fine */
void history_release(const struct mem *mem, const struct history *history);

/* Fills `out` with the events, oldest first, and returns their number, at most HISTORY_MAX.
 * Borrowed from the list. */
size_t history_list(const struct history *history, const struct history_event *out[HISTORY_MAX]);

#endif

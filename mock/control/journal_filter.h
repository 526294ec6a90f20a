/* Conditions on the requests of a journal, as a query or a document gives them. */
#ifndef TESTKIT_MOCK_CONTROL_JOURNAL_FILTER_H
#define TESTKIT_MOCK_CONTROL_JOURNAL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/control/journal.h"
#include "mock/control/served_world.h"

/* Their names, as control_routes.c lists them too. */
#define JOURNAL_CONDITIONS                                                                         \
    "operation", "method", "path", "status", "code", "outcome", "instance", "snapshot", "fault",   \
        "since", "until"
enum { JOURNAL_CONDITION_COUNT = 11 };
extern const char *const journal_conditions[]; /* ends with NULL */

/* All zero: every request fits. Texts are borrowed. */
struct journal_filter {
    struct text words[JOURNAL_CONDITION_COUNT]; /* as given; data NULL: no such condition   */
    int status_from, status_to;
    struct resource_id instance; /* which the word meant when it was read; or zero  */
    bool by_time[2];             /* since and until: by the world's time            */
    int64_t bounds[2];           /* of that time, or of numbers                     */
};

/* One condition more, or another value of it. name: one of journal_conditions.
 * world  whose journal it is for
 * Fails  INVALID_ARGUMENT  what is wrong with the value, without a field */
MUST_USE bool journal_filter_add(struct journal_filter *filter, const struct served_world *world,
                                 const char *name, struct text value, struct error *err);

/* except  a condition that is not looked at; JOURNAL_CONDITION_COUNT: all are */
bool journal_filter_fits(const struct journal_filter *filter, const struct journal_entry *entry,
                         size_t except);

#endif

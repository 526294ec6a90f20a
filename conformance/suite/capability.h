/* What a target can do, as far as scenarios need to know.
 *
 * Most are found out by asking; "hypervisor:NAME" is whatever the target's GET /capabilities lists.
 */
#ifndef TESTKIT_CONFORMANCE_SUITE_CAPABILITY_H
#define TESTKIT_CONFORMANCE_SUITE_CAPABILITY_H

#include <stdbool.h>

#include "common/base/text.h"

enum capability {
    CAPABILITY_CREATE_INSTANCES, /* instances may be made: all targets but with --read-only */
    CAPABILITY_AUTH,             /* requests without a token are refused                    */
    CAPABILITY_JWT,              /* tokens can be made that it takes: its secret is known   */
    CAPABILITY_CAPABILITIES,     /* there is a GET /capabilities                            */
    CAPABILITY_WORLDS,           /* each scenario gets an empty server of its own           */
    CAPABILITY_VIRTUAL_CLOCK,    /* time can be stopped and moved                           */
    CAPABILITY_COUNT,
};

struct capability_row {
    const char *name;    /* "virtual-clock"                          */
    const char *absence; /* why a scenario is skipped without it     */
};
extern const struct capability_row capability_rows[CAPABILITY_COUNT];
/* The names, NULL at the end. */
extern const char *const capability_names[];

enum { HYPERVISORS_MAX = 16, HYPERVISOR_NAME_MAX = 32 };

struct capabilities {
    bool has[CAPABILITY_COUNT];
    char hypervisors[HYPERVISORS_MAX][HYPERVISOR_NAME_MAX]; /* those that are available */
    size_t hypervisor_count;
};

/* Whether a case may ask for it. */
bool capability_is_known(struct text need);
/* Whether the target has it; *why, when not, is the reason for a skip and borrowed from the tables.
 */
bool capabilities_offer(const struct capabilities *target, struct text need, const char **why);

#endif

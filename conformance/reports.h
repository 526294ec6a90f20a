/* The reports of a run, written as it goes on. */
#ifndef TESTKIT_CONFORMANCE_REPORTS_H
#define TESTKIT_CONFORMANCE_REPORTS_H

#include <stdbool.h>
#include <stdio.h>

#include "common/base/error.h"
#include "conformance/settings.h"
#include "conformance/suite/run.h"

struct reports {
    const struct settings *settings; /* borrowed */
    FILE *files[REPORTS_MAX];        /* by the place in the settings */
    FILE *terminal;                  /* for people                   */
    struct text_style style;
    bool failed; /* a file could not be written */
};

/* Opens the files, so that one that cannot be written is known before anything is played. What
 * people read goes to standard output, or to standard error when a report takes that.
 * out    owned: reports_close()
 * Fails  INVALID_ARGUMENT  naming the file */
MUST_USE bool reports_open(struct reports *out, const struct settings *settings, struct error *err);

void reports_tell(struct reports *reports, const struct run *run, enum event event,
                  const struct result *result);

/* Returns whether everything has been written. */
bool reports_close(struct reports *reports);

#endif

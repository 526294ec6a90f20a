/* What the requests of a journal say about the client that sent them: whether it tries again only
 * when it may, waits as it was asked to, and closes what it has opened.
 *
 * An attempt is another try of an earlier request when it is the same in method, path, query, body
 * and user agent, and says so (X-Stainless-Retry-Count), or follows on its failure. Times are
 * real ones. */
#ifndef TESTKIT_MOCK_CONTROL_VERDICTS_H
#define TESTKIT_MOCK_CONTROL_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/control/served_world.h"

enum verdict_level { VERDICT_FAULT, VERDICT_WARNING, VERDICT_FINE };
extern const char *const verdict_level_names[]; /* "fault", "warning", "fine" */

struct verdict {
    const char *kind; /* "unsafe-retry"; static        */
    enum verdict_level level;
    const uint64_t *requests; /* their numbers, in order       */
    size_t request_count;
    struct text why; /* a sentence that names them    */
};

/* Calls `say` for each, in the order of the requests. What it is given is borrowed for the call.
 * ticks_ns  now, by the ticks of worlds.h
 * False     out of memory; some may have been said */
MUST_USE bool verdicts_judge(struct served_world *world, int64_t ticks_ns, struct arena *arena,
                             void (*say)(void *ctx, const struct verdict *verdict), void *ctx);

#endif

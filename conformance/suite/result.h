/* What came of playing one scenario, and the words for it. */
#ifndef TESTKIT_CONFORMANCE_SUITE_RESULT_H
#define TESTKIT_CONFORMANCE_SUITE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "conformance/suite/match.h"
#include "conformance/suite/scenario.h"
#include "conformance/suite/transport.h"

enum outcome {
    OUTCOME_PASS,
    OUTCOME_SKIP,       /* the target lacks a capability; says which               */
    OUTCOME_KNOWN_FAIL, /* fails, and the known-failing file says so               */
    OUTCOME_NOT_RUN,    /* the run ended before                                    */
    OUTCOME_FAIL,
    OUTCOME_STALE,        /* passes, though listed as known failing                  */
    OUTCOME_NOT_TESTABLE, /* what it starts from could not be made                   */
    OUTCOME_ERROR,        /* the suite itself is at fault                            */
    OUTCOME_COUNT,
};

struct outcome_row {
    const char *name; /* "known-fail" */
    bool red;         /* makes the run a failure */
};
extern const struct outcome_row outcome_rows[OUTCOME_COUNT];

/* One request with its answer. */
struct exchange {
    const struct step *step;
    const char *method;
    const char *target;
    struct http_header *headers; /* sent; the token's value is not kept */
    size_t header_count;
    struct text body; /* data NULL when none was sent */
    bool answered;
    struct transport_answer answer;
    const char *failure; /* why there is no answer */
    int64_t took_ns;
    struct exchange *next;
};

/* Whether it is one with the mock's control API rather than with the API itself. */
bool exchange_is_control(const struct exchange *x);

/* Owned by its arena; borrows the scenario. */
struct result {
    struct arena arena;
    const struct scenario *scenario;
    enum via via;
    const char *id; /* "snapshots/create/empty-name/via:rest" */
    enum outcome outcome;
    const char *reason;    /* of a skip, an error, not-run, a known failure; of a pass, what was
                              left out of it; NULL for none */
    const struct step *at; /* the step that went wrong; NULL when none did                  */
    struct mismatch *mismatches;
    struct exchange *exchanges;
    struct exchange *last_exchange;
    size_t checks;
    int64_t took_ns;
};

/* NULL when out of memory. Owned: result_free(). The outcome is PASS until something is known. */
MUST_USE struct result *result_new(const struct scenario *scenario, enum via via);
void result_free(struct result *result);

/* The ids of the rules that a mismatch breaks: its own, or those of the step, or the scenario's.
 * NULL-terminated; `own` has room for one. */
const char *const *result_broken_rules(const struct result *result, const struct mismatch *mismatch,
                                       const char *own[static 2]);

#endif

#include "conformance/suite/result.h"

#include <stdlib.h>
#include <string.h>

enum { RESULT_MAX_BYTES = 64 << 20 };

const struct outcome_row outcome_rows[OUTCOME_COUNT] = {
    [OUTCOME_PASS] = { "pass", false },
    [OUTCOME_SKIP] = { "skip", false },
    [OUTCOME_KNOWN_FAIL] = { "known-fail", false },
    [OUTCOME_NOT_RUN] = { "not-run", true },
    [OUTCOME_FAIL] = { "fail", true },
    [OUTCOME_STALE] = { "stale", true },
    [OUTCOME_NOT_TESTABLE] = { "not-testable", true },
    [OUTCOME_ERROR] = { "error", true },
};

struct result *result_new(const struct scenario *scenario, enum via via)
{
    struct result *result = calloc(1, sizeof *result);

    if (result == NULL)
        return NULL;
    *result = (struct result){ .arena = arena_capped(RESULT_MAX_BYTES),
                               .scenario = scenario,
                               .via = via };
    result->id = arena_printf(&result->arena, "%s/via:%s", scenario->id, via_names[via]);
    if (result->id != NULL)
        return result;
    result_free(result);
    return NULL;
}

void result_free(struct result *result)
{
    if (result == NULL)
        return;
    arena_fini(&result->arena);
    free(result);
}

const char *const *result_broken_rules(const struct result *result, const struct mismatch *mismatch,
                                       const char *own[static 2])
{
    own[0] = mismatch == NULL ? NULL : mismatch->rule;
    own[1] = NULL;
    if (own[0] != NULL)
        return own;
    if (result->at != NULL && result->at->rules[0] != NULL)
        return result->at->rules;
    return result->scenario->rules;
}

bool exchange_is_control(const struct exchange *x)
{
    return strstr(x->target, "/_mock/") != NULL;
}

#include "conformance/suite/run.h"

#include <stdlib.h>
#include <string.h>

const struct reporter file_reporters[] = {
    { "json", report_json }, { "junit", report_junit }, { "tap", report_tap },
    { "html", report_html }, { "badge", report_badge }, { 0 },
};

static bool cites(const struct scenario *scenario, const char *rule)
{
    for (const char *const *id = scenario->rules; *id != NULL; id++) {
        if (*id == rule) /* both are the catalogue's */
            return true;
    }
    return false;
}

static size_t count_rules(const struct run *run)
{
    size_t count = 0;

    for (size_t r = 0; r < run->catalogue->count; r++) {
        const char *rule = run->catalogue->rules[r].id;
        bool found = false;
        for (size_t i = 0; !found && i < run->count; i++)
            found =
                run->results[i]->outcome == OUTCOME_PASS && cites(run->results[i]->scenario, rule);
        count += found;
    }
    return count;
}

struct tally run_tally(const struct run *run)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < run->count; i++) {
        tally.by_outcome[run->results[i]->outcome]++;
        tally.checks += run->results[i]->checks;
    }
    tally.rules = count_rules(run);
    return tally;
}

int run_exit_status(const struct run *run)
{
    enum { CONFORMING = 0, FAILURES = 1, UNREACHABLE = 3, SUITE_ERROR = 4 };
    struct tally tally = run_tally(run);
    size_t red = run->problem_count;

    if (run->end == RUN_UNREACHABLE)
        return UNREACHABLE;
    if (run->end == RUN_INTERRUPTED || tally.by_outcome[OUTCOME_ERROR] > 0)
        return SUITE_ERROR;
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        red += outcome_rows[i].red ? tally.by_outcome[i] : 0;
    if (red > 0)
        return FAILURES;
    /* Nothing ran is never 0. */
    return tally.by_outcome[OUTCOME_PASS] + tally.by_outcome[OUTCOME_KNOWN_FAIL] > 0 ? CONFORMING
                                                                                     : SUITE_ERROR;
}

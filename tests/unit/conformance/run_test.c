#include "tests/unit/common/check.h"

#include <string.h>

#include "conformance/suite/run.h"
#include "tests/unit/conformance/fixture.h"

static void the_exit_status_follows_from_the_worst(void **state)
{
    (void)state;
    static const struct {
        const char *outcomes; /* a letter for each result */
        enum run_end end;
        size_t problems;
        int status;
    } rows[] = {
        { "p", RUN_COMPLETE, 0, 0 },      { "pps", RUN_COMPLETE, 0, 0 },
        { "pk", RUN_COMPLETE, 0, 0 },     { "k", RUN_COMPLETE, 0, 0 },
        { "pf", RUN_COMPLETE, 0, 1 },     { "pt", RUN_COMPLETE, 0, 1 },
        { "pn", RUN_COMPLETE, 0, 1 },     { "p", RUN_COMPLETE, 1, 1 },
        { "pr", RUN_COMPLETE, 0, 1 },     { "pfe", RUN_COMPLETE, 0, 4 },
        { "ss", RUN_COMPLETE, 0, 4 }, /* nothing ran is never 0 */
        { "", RUN_COMPLETE, 0, 4 },       { "pr", RUN_INTERRUPTED, 0, 4 },
        { "pfr", RUN_UNREACHABLE, 0, 3 }, { "rr", RUN_UNREACHABLE, 0, 3 },
    };
    static const char letters[OUTCOME_COUNT] = {
        [OUTCOME_PASS] = 'p',  [OUTCOME_SKIP] = 's',    [OUTCOME_KNOWN_FAIL] = 'k',
        [OUTCOME_FAIL] = 'f',  [OUTCOME_STALE] = 't',   [OUTCOME_NOT_TESTABLE] = 'n',
        [OUTCOME_ERROR] = 'e', [OUTCOME_NOT_RUN] = 'r',
    };
    struct fixture f;

    fixture_begin(&f);
    fixture_add(&f, "cases/a.json",
                "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"steps\":[{\"request\":\"GET "
                "/things\",\"expect\":{\"status\":200}}]}");
    fixture_load(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct result *results[8];
        struct run run = { .catalogue = &f.catalogue,
                           .results = results,
                           .count = strlen(rows[i].outcomes),
                           .end = rows[i].end,
                           .problem_count = rows[i].problems };
        for (size_t r = 0; r < run.count; r++) {
            results[r] = result_new(&f.set.items[0], VIA_REST);
            const char *letter = memchr(letters, rows[i].outcomes[r], sizeof letters);
            results[r]->outcome = (enum outcome)(letter - letters);
            results[r]->checks = 2;
        }
        struct tally tally = run_tally(&run);
        if (run_exit_status(&run) != rows[i].status)
            fail_msg("%s: %d", rows[i].outcomes, run_exit_status(&run));
        assert_int_equal(tally.checks, 2 * run.count);
        assert_int_equal(tally.rules, strchr(rows[i].outcomes, 'p') != NULL);
        for (size_t r = 0; r < run.count; r++)
            result_free(results[r]);
    }
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_exit_status_follows_from_the_worst) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

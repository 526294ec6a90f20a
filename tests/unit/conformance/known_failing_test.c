#include "tests/unit/common/check.h"

#include <stdio.h>

#include "common/env/env.h"
#include "conformance/suite/known_failing.h"
#include "tests/unit/conformance/fixture.h"

/* 2026-11-25T12:00:00Z */
#define NOW_NS (INT64_C(1795608000) * NS_PER_SEC)

static void an_entry_is_a_pattern_maybe_a_day_and_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *message; /* NULL: fine */
    } rows[] = {
        { "a/** because", NULL },
        { "  a/**\tuntil:2026-12-31\tbecause of it", NULL },
        { "a/**", "line 2: a/** has no reason" },
        { "a/** until:2026-12-31", "line 2: a/** has no reason" },
        { "a/** until:2026-13-31 why",
          "line 2: until:2026-13-31 is no day such as until:2026-12-31" },
        { "a/** until:soon why", "line 2: until:soon is no day such as until:2026-12-31" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(1 << 20);
        struct known_failing list;
        struct error err = { 0 };
        char text[256];
        (void)snprintf(text, sizeof text, "# comment\n%s\n\n", rows[i].line);
        bool ok = known_failing_load(text_of(text), &arena, &list, &err);
        assert_int_equal(ok, rows[i].message == NULL);
        if (!ok)
            assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
        else
            assert_int_equal(list.count, 1);
    }
}

/* The table of mock-facts 4.5, and what an expired entry makes of it. */
static void the_list_turns_outcomes_as_the_table_says(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        enum outcome before;
        enum outcome after;
    } rows[] = {
        { "**", OUTCOME_FAIL, OUTCOME_KNOWN_FAIL },
        { "**", OUTCOME_NOT_TESTABLE, OUTCOME_KNOWN_FAIL },
        { "**", OUTCOME_PASS, OUTCOME_STALE },
        { "**", OUTCOME_SKIP, OUTCOME_SKIP },
        { "**", OUTCOME_ERROR, OUTCOME_ERROR },
        { "**", OUTCOME_NOT_RUN, OUTCOME_NOT_RUN },
        { "other", OUTCOME_FAIL, OUTCOME_FAIL },
        { "a/**", OUTCOME_FAIL, OUTCOME_KNOWN_FAIL },
        { "a/via:grpc", OUTCOME_FAIL, OUTCOME_FAIL },
        { "** until:2026-11-25", OUTCOME_FAIL, OUTCOME_KNOWN_FAIL }, /* its last day */
        { "** until:2026-11-24", OUTCOME_FAIL, OUTCOME_FAIL },
        { "** until:2026-11-24", OUTCOME_PASS, OUTCOME_PASS },
    };
    struct fixture f;

    fixture_begin(&f);
    fixture_add(&f, "cases/a.json",
                "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"steps\":[{\"request\":\"GET "
                "/things\",\"expect\":{\"status\":200}}]}");
    fixture_load(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct result *result = result_new(&f.set.items[0], VIA_REST);
        struct known_failing list;
        struct error err = { 0 };
        char text[128];
        (void)snprintf(text, sizeof text, "%s because", rows[i].entry);
        assert_true(known_failing_load(text_of(text), &f.arena, &list, &err));
        result->outcome = rows[i].before;
        known_failing_judge(&list, NOW_NS, result);
        if (result->outcome != rows[i].after)
            fail_msg("%s: %s", rows[i].entry, outcome_rows[result->outcome].name);
        if (result->outcome == OUTCOME_KNOWN_FAIL || result->outcome == OUTCOME_STALE)
            assert_string_equal(result->reason, "because");
        result_free(result);
    }
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_a_pattern_maybe_a_day_and_a_reason),
        cmocka_unit_test(the_list_turns_outcomes_as_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

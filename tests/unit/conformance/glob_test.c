#include "tests/unit/common/check.h"

#include "conformance/suite/glob.h"

static void globs_work_on_whole_components(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *id;
        bool fits;
    } rows[] = {
        { "a/b", "a/b", true },
        { "a/b", "a/b/c", false },
        { "a/b/c", "a/b", false },
        { "a/*", "a/b", true },
        { "a/*", "a/b/c", false },
        { "a/*", "a", false },
        { "*/b", "a/b", true },
        { "a/b*", "a/b-and-c", true },
        { "a/*c", "a/b-and-c", true },
        { "a/*d", "a/b-and-c", false },
        { "a/*an*-c", "a/b-and-c", true },
        { "a/**", "a", true },
        { "a/**", "a/b/c", true },
        { "**", "a/b/c", true },
        { "**/c", "a/b/c", true },
        { "**/c", "c", true },
        { "**/c", "a/b/d", false },
        { "a/**/via:rest", "a/b/c/via:rest", true },
        { "a/**/via:rest", "a/via:rest", true },
        { "a/**/via:grpc", "a/b/via:rest", false },
        { "**/b/**/d", "a/b/c/b/d", true },
        { "a**", "a/b", false }, /* within a component it is '*' twice */
        { "a**", "abc", true },
        { "", "a", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (glob_match(text_of(rows[i].pattern), text_of(rows[i].id)) != rows[i].fits)
            fail_msg("%s against %s", rows[i].pattern, rows[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(globs_work_on_whole_components) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mock/http/target.h"

static void targets_are_split_and_left_encoded(void **state)
{
    static const struct {
        const char *target;
        const char *path;
        const char *query;
    } cases[] = {
        { "/a%2Fb?x=%20&y", "/a%2Fb", "x=%20&y" },
        { "/a", "/a", "" },
        { "/a?", "/a", "" },
        { "/a?b?c", "/a", "b?c" },
        { "//a", "//a", "" },
        { "http://host/a?b", "/a", "b" },
        { "HTTPS://host:1", "/", "" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct text path, query;
        assert_true(target_split(text_of(cases[i].target), &path, &query));
        assert_true(text_equal_cstr(path, cases[i].path));
        assert_true(text_equal_cstr(query, cases[i].query));
    }
}

static void what_is_no_path_is_refused(void **state)
{
    static const char *const bad[] = { "",     "*",       "health", "host:80",
                                       "/a b", "/a\x01b", "/a\x7f", "ftp://host/a" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct text path, query;
        assert_false(target_split(text_of(bad[i]), &path, &query));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_split_and_left_encoded),
        cmocka_unit_test(what_is_no_path_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mock/api/pattern.h"

static void expect_each(const struct pattern *pattern, const char *const *texts, bool expected)
{
    for (; *texts != NULL; texts++) {
        if (pattern->matches(text_of(*texts)) != expected)
            fail_msg("%s: \"%s\"", pattern->source, *texts);
    }
}

static void names_are_lower_case_digits_and_inner_dashes(void **state)
{
    (void)state;
    expect_each(&pattern_name, (const char *[]){ "a", "7", "a--b", "web-1", NULL }, true);
    expect_each(&pattern_name, (const char *[]){ "", "-a", "a-", "A", "a_b", "a\n", "é", NULL },
                false);
}

static void tag_values_may_be_empty(void **state)
{
    (void)state;
    expect_each(&pattern_tag_value, (const char *[]){ "", "aZ09 _.:/=+@-", NULL }, true);
    expect_each(&pattern_tag_value, (const char *[]){ "#", "a\tb", "<", "é", NULL }, false);
}

static void platforms_are_os_arch_and_perhaps_a_variant(void **state)
{
    (void)state;
    expect_each(&pattern_platform, (const char *[]){ "linux/amd64", "linux/arm/v7.1", NULL }, true);
    expect_each(&pattern_platform,
                (const char *[]){ "", "amd64", "linux/", "/amd64", "Linux/amd64", "linux/arm/",
                                  "linux/arm/v7/x", "li.nux/a", NULL },
                false);
}

static void date_times_have_every_part_in_range(void **state)
{
    (void)state;
    expect_each(&pattern_date_time,
                (const char *[]){ "2026-08-21T18:00:00Z", "2026-08-21T18:00:60.123456789+02:00",
                                  "2026-02-31T18:00:00-99:99", "2026-08-21T18:00:00", NULL },
                true);
    expect_each(&pattern_date_time,
                (const char *[]){ "", "2026-08-21", "2026-13-21T18:00:00Z", "2026-00-21T18:00:00Z",
                                  "2026-08-32T18:00:00Z", "2026-08-21t18:00:00Z",
                                  "2026-08-21 18:00:00Z", "2026-08-21T24:00:00Z",
                                  "2026-08-21T18:60:00Z", "2026-08-21T18:00:61Z",
                                  "2026-08-21T18:00:00.Z", "2026-08-21T18:00:00z",
                                  "2026-08-21T18:00:00+2:00", "2026-08-21T18:00:00ZZ", NULL },
                false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_lower_case_digits_and_inner_dashes),
        cmocka_unit_test(tag_values_may_be_empty),
        cmocka_unit_test(platforms_are_os_arch_and_perhaps_a_variant),
        cmocka_unit_test(date_times_have_every_part_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

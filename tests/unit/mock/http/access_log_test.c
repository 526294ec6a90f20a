#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mock/http/access_log.h"

static const struct access_entry entry = {
    .method = TEXT("GET"),
    .target = TEXT("/a?b=\x1b[1m"),
    .status = 200,
    .bytes = 12,
    .micros = 34,
};

static void expect_line(enum log_form form, const struct access_entry *logged, const char *expected)
{
    struct line_log log;

    line_log_init(&log, form, -1);
    access_log_add(&log, logged);
    assert_true(buffer_append_byte(&log.lines, '\0'));
    assert_string_equal(log.lines.data, expected);
    line_log_fini(&log);
}

static void a_text_line_draws_nothing_on_a_terminal(void **state)
{
    (void)state;
    expect_line(LOG_FORM_TEXT, &entry, "GET /a?b=?[1m 200 12 34us\n");
}

static void a_json_line_is_json(void **state)
{
    (void)state;
    expect_line(LOG_FORM_JSON, &entry,
                "{\"method\":\"GET\",\"path\":\"/a?b=\\u001b[1m\",\"status\":200,\"bytes\":12,"
                "\"micros\":34}\n");
}

static void the_cause_of_a_500_stands_at_the_end(void **state)
{
    struct access_entry failed = entry;
    (void)state;

    failed.target = TEXT("/a");
    failed.cause = "no vCPU";
    expect_line(LOG_FORM_TEXT, &failed, "GET /a 200 12 34us cause: no vCPU\n");
}

static void the_longest_line_is_not_dropped(void **state)
{
    const enum log_form forms[] = { LOG_FORM_TEXT, LOG_FORM_JSON };
    static char target[8 * 1024];
    struct access_entry longest = entry;
    (void)state;

    memset(target, 1, sizeof target); /* six bytes each in JSON */
    longest.method = longest.target = (struct text){ target, sizeof target };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct line_log log;
        line_log_init(&log, forms[i], -1);
        access_log_add(&log, &longest);
        assert_true(log.lines.len > 0);
        assert_int_equal(log.lost, 0);
        line_log_fini(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_line_draws_nothing_on_a_terminal),
        cmocka_unit_test(a_json_line_is_json),
        cmocka_unit_test(the_cause_of_a_500_stands_at_the_end),
        cmocka_unit_test(the_longest_line_is_not_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

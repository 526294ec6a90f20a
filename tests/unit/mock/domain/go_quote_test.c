#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/go_quote.h"

static void text_is_quoted_as_go_does(void **state)
{
    (void)state;
    static const struct {
        struct text in;
        const char *out;
    } cases[] = {
        { { "", 0 }, "\"\"" },
        { { "plain", 5 }, "\"plain\"" },
        { { "a\"b\\c", 5 }, "\"a\\\"b\\\\c\"" },
        { { "\a\b\f\n\r\t\v", 7 }, "\"\\a\\b\\f\\n\\r\\t\\v\"" },
        { { "\x00\x1b\x7f", 3 }, "\"\\x00\\x1b\\x7f\"" },
        { { "h\xC3\xA9", 3 }, "\"h\xC3\xA9\"" },          /* printable stays        */
        { { "\xff\xC3", 2 }, "\"\\xff\\xc3\"" },          /* invalid UTF-8          */
        { { "\xC2\x80", 2 }, "\"\\u0080\"" },             /* a control above ASCII  */
        { { "\xE2\x80\x8B", 3 }, "\"\\u200b\"" },         /* zero-width space       */
        { { "\xF3\xA0\x80\x81", 4 }, "\"\\U000e0001\"" }, /* a tag character        */
        { { "\xF0\x9F\x98\x80", 4 }, "\"\xF0\x9F\x98\x80\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(go_quote(cases[i].in).text, cases[i].out);
}

static void overlong_text_is_cut_between_characters(void **state)
{
    (void)state;
    char text[2000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "\xC3\xA9"[i % 2];
    struct go_quoted quoted = go_quote((struct text){ text, sizeof text });
    size_t len = strlen(quoted.text);
    assert_in_range(len, GO_QUOTED_MAX - 4, GO_QUOTED_MAX - 1);
    assert_true(text_is_utf8(text_of(quoted.text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_quoted_as_go_does),
        cmocka_unit_test(overlong_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

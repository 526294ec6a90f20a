#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/proxy/trace_context.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00-" TRACE "-00f067aa0ba902b7-01"

static void a_valid_parent_passes_unchanged(void **state)
{
    (void)state;
    const char *parents[] = {
        PARENT,
        "00-" TRACE "-00f067aa0ba902b7-00",
        "00-" TRACE "-00f067aa0ba902b7-ff",       /* flags not known yet */
        "cc-" TRACE "-00f067aa0ba902b7-01",       /* a later version     */
        "cc-" TRACE "-00f067aa0ba902b7-01-what-", /* ... that says more  */
    };
    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        const struct trace_context context = trace_context_check(text_of(parents[i]), TEXT("a=1"));
        if (!text_equal_cstr(context.parent, parents[i]))
            fail_msg("%s was refused", parents[i]);
        assert_true(text_equal_cstr(context.state, "a=1"));
        assert_true(text_equal_cstr(trace_context_id(&context), TRACE));
    }
}

static void an_invalid_parent_takes_the_state_with_it(void **state)
{
    (void)state;
    const char *parents[] = {
        "",
        "00",
        "00-" TRACE "-00f067aa0ba902b7",
        "00-" TRACE "-00f067aa0ba902b7-0",
        "00-" TRACE "-00f067aa0ba902b7-01-",
        "00-" TRACE "-00f067aa0ba902b7-01-more",
        "cc-" TRACE "-00f067aa0ba902b7-01.more",
        "ff-" TRACE "-00f067aa0ba902b7-01",
        "0x-" TRACE "-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-" TRACE "-0000000000000000-01",
        "00-" TRACE "-00f067aa0ba902b7-0g",
        "00_" TRACE "-00f067aa0ba902b7-01",
        "00-" TRACE "_00f067aa0ba902b7-01",
        "00-" TRACE "-00f067aa0ba902b7_01",
        " " PARENT,
        PARENT " ",
    };
    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        const struct trace_context context = trace_context_check(text_of(parents[i]), TEXT("a=1"));
        if (context.parent.len != 0 || context.state.len != 0)
            fail_msg("%s was accepted", parents[i]);
        assert_int_equal(trace_context_id(&context).len, 0);
    }
}

static void a_nul_is_no_digit(void **state)
{
    char parent[] = PARENT;
    (void)state;
    parent[10] = '\0';
    const struct trace_context context =
        trace_context_check((struct text){ parent, sizeof parent - 1 }, TEXT(""));
    assert_int_equal(context.parent.len, 0);
}

static bool passes(struct text tracestate)
{
    const struct trace_context context = trace_context_check(TEXT(PARENT), tracestate);
    assert_true(text_equal_cstr(context.parent, PARENT));
    assert_true(context.state.len == 0 || text_equal(context.state, tracestate));
    return context.state.len > 0;
}

static void a_state_passes_as_it_is_or_not_at_all(void **state)
{
    (void)state;
    const struct {
        const char *tracestate;
        bool passes;
    } cases[] = {
        { "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true },
        { "rojo=1 , congo=2", true },
        { "a=1,,b=2,", true },
        { "fw529a3039@dt=FfffFff-F_f!", true },
        { "0day=x", true },
        { "a-_*/9=x", true },
        { "a= x", true },
        { "", false },
        { ",", false },
        { " ", false },
        { "a", false },
        { "a=", false },
        { "=a", false },
        { "A=1", false },
        { "a b=1", false },
        { "_a=1", false },
        { "a@b@c=1", false },
        { "a@=1", false },
        { "a=1=2", false },
        { "a=\x01", false },
        { "a=\xc3\xa9", false },
        { "a=1,b", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (passes(text_of(cases[i].tracestate)) != cases[i].passes)
            fail_msg("'%s' %s", cases[i].tracestate, cases[i].passes ? "was dropped" : "passed");
}

static void a_state_has_at_most_32_members_of_at_most_256_characters_each_side(void **state)
{
    char many[33 * 4 + 1] = "";
    char wide[600];
    (void)state;
    for (int i = 0; i < 33; i++)
        strcat(many, "a=1,");
    assert_false(passes(text_of(many)));
    assert_true(passes((struct text){ many, 32 * 4 }));

    memset(wide, 'x', sizeof wide);
    wide[256] = '=';
    assert_true(passes((struct text){ wide, 256 + 1 + 256 }));
    assert_false(passes((struct text){ wide, 256 + 1 + 257 }));
    assert_true(passes((struct text){ wide + 1, 255 + 1 + 1 }));
    wide[256] = 'x';
    wide[257] = '=';
    assert_false(passes((struct text){ wide, 257 + 1 + 1 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_parent_passes_unchanged),
        cmocka_unit_test(an_invalid_parent_takes_the_state_with_it),
        cmocka_unit_test(a_nul_is_no_digit),
        cmocka_unit_test(a_state_passes_as_it_is_or_not_at_all),
        cmocka_unit_test(a_state_has_at_most_32_members_of_at_most_256_characters_each_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What Go's fmt makes of a format without arguments: VALID-004, INST-X-043, SNAP-X-025. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "mock/api/go_format.h"

#define MISSING(verb)   "%!" verb "(MISSING)"
#define BAD_INDEX(verb) "%!" verb "(BADINDEX)"
#define NO_VERB         "%!(NOVERB)"

static void a_directive_says_what_it_lacks(void **state)
{
    static const struct {
        const char *format;
        const char *made;
    } cases[] = {
        { "", "" },
        { "plain", "plain" },
        { "%d", MISSING("d") },
        { "a%db%sc", "a" MISSING("d") "b" MISSING("s") "c" },
        { "\"100%\"", "\"100" MISSING("\"") },
        { "100% sure", "100" MISSING("s") "ure" }, /* a blank is a flag */
        { "100%", "100" NO_VERB },
        { "100% ", "100" NO_VERB },
        { "%%", "%" },
        { "%%%", "%" NO_VERB },
        { "%%%%", "%%" },
        { "%5%", "%" },
        { "%w%v", MISSING("w") MISSING("v") },
        { "%\xc3\xa9!", MISSING("\xc3\xa9") "!" },
        { "%\xff!", MISSING("\xef\xbf\xbd") "!" },
        /* flags, width, precision */
        { "%+-# 08.3f|", MISSING("f") "|" },
        { "%12x", MISSING("x") },
        { "%.x", MISSING("x") },
        { "%.2%", "%" },
        { "%.", MISSING(".") },
        { "%5.", MISSING(".") },
        { "%*d", "%!(BADWIDTH)" MISSING("d") },
        { "%.*d", "%!(BADPREC)" MISSING("d") },
        { "%*.*d", "%!(BADWIDTH)%!(BADPREC)" MISSING("d") },
        { "%1000000d", MISSING("d") },
        { "%10000000d", MISSING("d") },
        { "%100000000d", NO_VERB },
        { "%100000000d and more", NO_VERB },
        /* indexes */
        { "%[1]d", BAD_INDEX("d") },
        { "%[2]*[1]d", "%!(BADWIDTH)" BAD_INDEX("d") },
        { "%[1]2.3d", BAD_INDEX("d") },
        { "%.[1]d", BAD_INDEX("d") },
        { "%3[1]d", BAD_INDEX("d") },
        { "%[x]d", BAD_INDEX("d") },
        { "%[]d", BAD_INDEX("d") },
        { "%[1d", BAD_INDEX("d") },
        { "%[x", BAD_INDEX("x") },
        { "%[x][1]d", BAD_INDEX("d") },
        { "%[1][x]d", BAD_INDEX("[") "x]d" },
        { "%[1]%", "%" },
        { "%[1]", NO_VERB },
        { "%[1]d%d", BAD_INDEX("d") MISSING("d") },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(200);
        go_format_nothing(text_of(cases[i].format), &out);
        assert_true(buffer_append_byte(&out, '\0'));
        assert_string_equal(out.data, cases[i].made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directive_says_what_it_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

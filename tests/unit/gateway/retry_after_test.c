#include "tests/unit/gateway/fixture.h"

#include "gateway/proxy/retry_after.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void seconds_or_a_date_become_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *retry_after;
        const char *date;
        int64_t seconds; /* -1 = nothing */
    } rows[] = {
        { "", DATE, -1 },
        { "0", "", 0 },
        { "120", "", 120 },
        { "120", DATE, 120 },
        { "-1", "", -1 },
        { "1.5", "", -1 },
        { "soon", DATE, -1 },
        { "1 ", "", -1 },
        { "315576000000", "", INT64_C(315576000000) }, /* what a Duration holds */
        { "315576000001", "", -1 },
        { "99999999999999999999", "", -1 },
        { "Sun, 06 Nov 1994 08:50:37 GMT", DATE, 60 },
        { "Mon, 07 Nov 1994 08:49:37 GMT", DATE, 86400 },
        { "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", 1 },
        { "Tue, 29 Feb 2028 00:00:00 GMT", "Mon, 28 Feb 2028 00:00:00 GMT", 86400 },
        { DATE, DATE, 0 },
        { "Sun, 06 Nov 1994 08:49:36 GMT", DATE, 0 }, /* over already */
        /* Counted from the server's own clock, or not at all. */
        { DATE, "", -1 },
        { DATE, "yesterday", -1 },
        { "Sun, 06 Nov 1994 08:49:37 UTC", DATE, -1 },
        { "Sun, 31 Feb 1994 08:49:37 GMT", DATE, -1 },
        { "Sun, 06 Nox 1994 08:49:37 GMT", DATE, -1 },
        { "Sun, 06 ovD 1994 08:49:37 GMT", DATE, -1 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", DATE, -1 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", DATE, -1 },
        { "Sun Nov  6 08:49:37 1994", DATE, -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t seconds = retry_after_seconds(text_of(rows[i].retry_after), text_of(rows[i].date));
        if (seconds != rows[i].seconds)
            fail_msg("\"%s\" at \"%s\": %lld", rows[i].retry_after, rows[i].date,
                     (long long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(seconds_or_a_date_become_seconds) };
    return cmocka_run_group_tests_name("gateway/proxy/retry_after", tests, NULL, NULL);
}

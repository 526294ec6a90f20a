#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "mock/domain/size_text.h"

/* SIZE-010, INST-J-010, INST-J-011 */
static void sizes_are_written_as_the_contract_lists_them(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes;
        const char *text;
    } vectors[] = {
        /* instances.md 5.2 */
        { 0, "0 B" },
        { 1, "1 B" },
        { 1023, "1023 B" },
        { 1024, "1024 B" },
        { 1025, "1.0 KB" },
        { 1536, "1.5 KB" },
        { 12500000, "11.9 MB" },
        { 31250000, "29.8 MB" },
        { 62500000, "59.6 MB" },
        { 104857600, "100.0 MB" },
        { 125000000, "119.2 MB" },
        { 250000000, "238.4 MB" },
        { 500000000, "476.8 MB" },
        { 536870912, "512.0 MB" },
        { 1000000000, "953.7 MB" },
        { 1073741823, "1024.0 MB" },
        { 1073741824, "1024.0 MB" },
        { 1074790400, "1.0 GB" },
        { 1250000000, "1.2 GB" },
        { 1610612736, "1.5 GB" },
        { 2147483648, "2.0 GB" },
        { 10737418240, "10.0 GB" },
        { 107374182400, "100.0 GB" },
        { 1099511627776, "1024.0 GB" },
        /* the ends */
        { -5, "0 B" },
        { INT64_MAX, "8.0 EB" },
    };
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        assert_string_equal(size_text(vectors[i].bytes).text, vectors[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_written_as_the_contract_lists_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

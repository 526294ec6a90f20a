#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/capacity.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void the_default_host_is_that_of_the_contract(void **state)
{
    (void)state;
    struct capacity host = capacity_default();
    assert_int_equal(capacity_limit(&host, CAPACITY_CPU), 64);
    assert_int_equal(capacity_limit(&host, CAPACITY_MEMORY), INT64_C(64) << 30);
    assert_int_equal(capacity_limit(&host, CAPACITY_DISK), INT64_C(1) << 40);
    assert_int_equal(capacity_limit(&host, CAPACITY_NETWORK), INT64_C(2500000000));
    assert_int_equal(capacity_limit(&host, CAPACITY_DISK_IO), INT64_C(2000000000));
}

static void what_is_available_never_falls_below_zero(void **state)
{
    (void)state;
    struct capacity host = capacity_default();
    struct capacity_use use = { .used = { [CAPACITY_CPU] = 63, [CAPACITY_MEMORY] = INT64_MAX } };
    assert_int_equal(capacity_available(&host, &use, CAPACITY_CPU), 1);
    assert_int_equal(capacity_available(&host, &use, CAPACITY_MEMORY), 0);
}

static void a_limit_too_large_to_count_is_no_limit(void **state)
{
    (void)state;
    struct capacity host = capacity_default();
    host.total[CAPACITY_DISK] = INT64_MAX / 10;
    host.oversub_permille[CAPACITY_DISK] = 1000000;
    assert_int_equal(capacity_limit(&host, CAPACITY_DISK), INT64_MAX);
}

static void each_shortage_has_its_text(void **state)
{
    (void)state;
    struct capacity host = capacity_default();
    const struct capacity_use use = { .used = { 62, INT64_C(63) << 30, INT64_C(1023) << 30,
                                                INT64_C(2400000000), INT64_C(1900000000) } };
    static const char *const texts[] = {
        "insufficient resources: insufficient CPU: requested 3 vCPUs, but only 2 available "
        "(currently allocated: 62, effective limit: 64 with 4.0x oversubscription)",
        "insufficient resources: insufficient memory: requested 2.0 GB, but only 1024.0 MB "
        "available (currently allocated: 63.0 GB, effective limit: 64.0 GB with 1.0x "
        "oversubscription)",
        "insufficient resources: insufficient disk: requested 10.0 GB, but only 1024.0 MB "
        "available (currently allocated: 1023.0 GB, effective limit: 1024.0 GB with 1.0x "
        "oversubscription)",
        "insufficient resources: insufficient network bandwidth: requested 149.0 MB/s, but only "
        "95.4 MB/s available (currently allocated: 2.2 GB/s, effective limit: 2.3 GB/s with 2.0x "
        "oversubscription)",
        "insufficient resources: insufficient disk I/O: requested 119.2 MB/s, but only 95.4 MB/s "
        "available (currently allocated: 1.8 GB/s, effective limit: 1.9 GB/s with 2.0x "
        "oversubscription)",
    };
    static const int64_t wanted[] = { 3, INT64_C(2) << 30, INT64_C(10) << 30, 156250000,
                                      125000000 };
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++) {
        struct capacity_use request = { 0 };
        request.used[i] = wanted[i];
        struct error err = { 0 };
        assert_false(capacity_check(&host, &use, &request, &err));
        assert_error_is(&err, ERROR_RESOURCE_EXHAUSTED, texts[i]);
    }
}

static void cpu_is_judged_first_and_an_exact_fit_is_fine(void **state)
{
    (void)state;
    struct capacity host = capacity_default();
    struct capacity_use none = { 0 };
    struct capacity_use all = { .used = { 64, INT64_C(64) << 30, INT64_C(1) << 40,
                                          INT64_C(2500000000), INT64_C(2000000000) } };
    struct error err = { 0 };
    assert_true(capacity_check(&host, &none, &all, &err));
    assert_false(capacity_check(&host, &all, &all, &err));
    assert_memory_equal(err.message, "insufficient resources: insufficient CPU", 40);
}

static void gpu_shortage_says_whether_there_is_any(void **state)
{
    (void)state;
    struct capacity host = capacity_default();
    struct capacity_use none = { 0 };
    struct capacity_use one = { .gpu_slots = 1 };
    struct error err = { 0 };
    assert_false(capacity_check(&host, &none, &one, &err));
    assert_error_is(&err, ERROR_RESOURCE_EXHAUSTED,
                    "insufficient resources: insufficient GPU: no GPU available on this host");

    host.gpu_slots = 1;
    err = (struct error){ 0 };
    assert_true(capacity_check(&host, &none, &one, &err));
    assert_false(capacity_check(&host, &one, &one, &err));
    assert_error_is(&err, ERROR_RESOURCE_EXHAUSTED,
                    "insufficient resources: insufficient GPU: all 1 vgpu slots are in use");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_host_is_that_of_the_contract),
        cmocka_unit_test(what_is_available_never_falls_below_zero),
        cmocka_unit_test(a_limit_too_large_to_count_is_no_limit),
        cmocka_unit_test(each_shortage_has_its_text),
        cmocka_unit_test(cpu_is_judged_first_and_an_exact_fit_is_fine),
        cmocka_unit_test(gpu_shortage_says_whether_there_is_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

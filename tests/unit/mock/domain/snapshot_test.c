#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/snapshot.h"
#include "mock/domain/snapshot_record.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void names_and_values_go_both_ways(void **state)
{
    (void)state;
    static const char *const kinds[] = { "Standby", "Stopped" };
    for (enum snapshot_kind k = 0; k < SNAPSHOT_KIND_COUNT; k++) {
        enum snapshot_kind parsed = SNAPSHOT_KIND_COUNT;
        assert_string_equal(snapshot_kind_name(k), kinds[k]);
        assert_true(snapshot_kind_parse(text_of(kinds[k]), &parsed));
        assert_int_equal(parsed, k);
    }
    enum snapshot_kind untouched = SNAPSHOT_STOPPED;
    assert_false(snapshot_kind_parse(TEXT("standby"), &untouched));
    assert_int_equal(untouched, SNAPSHOT_STOPPED);

    static const char *const states[] = { "none", "compressing", "compressed", "error" };
    for (enum compression_state s = 0; s < COMPRESSION_STATE_COUNT; s++)
        assert_string_equal(compression_state_name(s), states[s]);
}

static void captured_sizes_follow_the_formula(void **state)
{
    (void)state;
    struct instance_config source = { .size_bytes = INT64_C(1) << 30,
                                      .overlay_bytes = INT64_C(10) << 30 };
    assert_int_equal(snapshot_captured_bytes(SNAPSHOT_STOPPED, &source), 10747908096);
    assert_int_equal(snapshot_captured_bytes(SNAPSHOT_STANDBY, &source), 11821715456);

    const struct volume_attachment volumes[] = {
        { .readonly = true, .overlay = true, .overlay_bytes = 4097 },
        { .readonly = true, .overlay_bytes = 1 << 20 }, /* no overlay: only the shared base */
    };
    source.volumes = volumes;
    source.volume_count = 2;
    source.overlay_bytes--; /* rounded up to the same pages */
    assert_int_equal(snapshot_captured_bytes(SNAPSHOT_STOPPED, &source), 10747908096 + 8192);
}

static void sizes_beyond_counting_stay_at_the_largest_number(void **state)
{
    (void)state;
    const struct volume_attachment volumes[] = { { .overlay = true, .overlay_bytes = INT64_MAX },
                                                 { .overlay = true, .overlay_bytes = INT64_MAX } };
    struct instance_config source = { .volumes = volumes, .volume_count = 2, .size_bytes = 1 };
    assert_int_equal(snapshot_captured_bytes(SNAPSHOT_STANDBY, &source), INT64_MAX);
}

static void compression_is_over_at_its_time_however_late_one_looks(void **state)
{
    (void)state;
    const struct instance_config config = { .size_bytes = INT64_C(1) << 30 };
    const struct instance source = { .config = &config };
    struct snapshot snapshot = { .size_bytes = 11821715456,
                                 .source = &source,
                                 .compression_state = COMPRESSION_STATE_COMPRESSING,
                                 .compression = { COMPRESSION_ZSTD, 1 },
                                 .compressed_at_ns = 1000 };

    struct snapshot_view view = snapshot_view(&snapshot, 999);
    assert_int_equal(view.state, COMPRESSION_STATE_COMPRESSING);
    assert_int_equal(view.size_bytes, 11821715456);
    assert_int_equal(view.compressed_size_bytes, 0);

    view = snapshot_view(&snapshot, 1000);
    assert_int_equal(view.state, COMPRESSION_STATE_COMPRESSED);
    assert_int_equal(view.compressed_size_bytes, 322122547);
    assert_int_equal(view.uncompressed_size_bytes, INT64_C(1) << 30);
    assert_int_equal(view.size_bytes, 11070096179);
}

static void none_error_and_a_job_without_end_stay_as_they_are(void **state)
{
    (void)state;
    const struct instance_config config = { .size_bytes = INT64_C(1) << 30 };
    const struct instance source = { .config = &config };
    struct snapshot snapshot = { .size_bytes = 5,
                                 .source = &source,
                                 .compression_state = COMPRESSION_STATE_NONE };
    assert_int_equal(snapshot_view(&snapshot, INT64_MAX).state, COMPRESSION_STATE_NONE);
    snapshot.compression_state = COMPRESSION_STATE_ERROR;
    assert_int_equal(snapshot_view(&snapshot, INT64_MAX).state, COMPRESSION_STATE_ERROR);
    assert_int_equal(snapshot_view(&snapshot, INT64_MAX).size_bytes, 5);
    snapshot.compression_state = COMPRESSION_STATE_COMPRESSING;
    snapshot.compressed_at_ns = SNAPSHOT_NEVER;
    assert_int_equal(snapshot_view(&snapshot, INT64_MAX).state, COMPRESSION_STATE_COMPRESSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_go_both_ways),
        cmocka_unit_test(captured_sizes_follow_the_formula),
        cmocka_unit_test(sizes_beyond_counting_stay_at_the_largest_number),
        cmocka_unit_test(compression_is_over_at_its_time_however_late_one_looks),
        cmocka_unit_test(none_error_and_a_job_without_end_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

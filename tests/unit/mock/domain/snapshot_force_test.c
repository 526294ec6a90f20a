#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/snapshot_force.h"
#include "tests/unit/mock/domain/world_fixture.h"

static const struct snapshot *given_compressing(struct fixture *f, const struct instance *source)
{
    const struct snapshot_request request = {
        .kind = SNAPSHOT_STANDBY,
        .compression = { .present = true, .enabled = true, .level = COMPRESSION_LEVEL_UNSET },
    };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    assert_true(snapshot_create(f->world, source->config->id, &request, &snapshot, &err));
    return snapshot;
}

static void a_failed_job_ends_in_error_and_stays_so(void **state) /* COMP-025 */
{
    struct fixture *f = *state;
    struct error err = { 0 };
    const struct snapshot *snapshot = given_compressing(f, given_running(f, "vm-1"));
    const int64_t size = snapshot->size_bytes;
    assert_true(snapshot_fail_compression(f->world, snapshot->id, &snapshot, &err));

    f->fake.now_ns += 3600 * NS_PER_SEC;
    struct snapshot_view view = snapshot_view(snapshot, f->fake.now_ns);
    assert_int_equal(view.state, COMPRESSION_STATE_ERROR);
    assert_int_equal(view.size_bytes, size);
    assert_text_is(snapshot->compression_error, "write compressed stream: no space left on device");
    assert_int_equal(snapshot->compression.algorithm, COMPRESSION_ZSTD);
    assert_false(snapshot_fail_compression(f->world, snapshot->id, &snapshot, &err));
    assert_error_is(&err, ERROR_INVALID_STATE, "snapshot is not compressing");
}

static void a_job_fails_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    const struct snapshot *snapshot = given_compressing(f, given_running(f, "vm-1"));
    for (size_t failures = 0;; failures++) {
        struct error err = { 0 };
        f->fake.allowed = failures;
        bool done = snapshot_fail_compression(f->world, snapshot->id, &snapshot, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        if (done)
            break;
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_true(snapshot_is_compressing(snapshot, f->fake.now_ns));
    }
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_failed_job_ends_in_error_and_stays_so),
        ON_WORLD(a_job_fails_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

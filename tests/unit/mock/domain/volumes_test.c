#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_create.h"
#include "mock/domain/instances.h"
#include "mock/domain/volumes.h"
#include "tests/unit/mock/domain/world_fixture.h"

static bool check(const struct volume_attachment *volumes, size_t count, struct error *err)
{
    struct fake_env fake;
    fake_env_init(&fake);
    *err = (struct error){ 0 };
    bool good = volumes_check_rules(&fake.env.mem, volumes, count, err);
    assert_int_equal(fake.live_blocks, 0);
    return good;
}

static struct volume_attachment at(const char *path)
{
    return (struct volume_attachment){ .volume_id = TEXT("v1"), .mount_path = text_of(path) };
}

static void ordinary_volumes_pass(void **state)
{
    (void)state;
    struct error err;
    const struct volume_attachment volumes[] = {
        { TEXT("v1"), TEXT("/data"), false, false, 0 },
        { TEXT("v2"), TEXT("/data/more"), true, false, 0 },
        { TEXT("v3"), TEXT("/database"), true, true, 1 },
    };
    assert_true(check(volumes, ARRAY_LEN(volumes), &err));
    assert_true(check(NULL, 0, &err));
}

/* INST-C-071, INST-C-072 */
static void reserved_and_relative_mount_paths_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool good;
    } rows[] = {
        { "/bin", false },        { "/boot", false },     { "/dev", false },
        { "/lib", false },        { "/proc", false },     { "/root", false },
        { "/run", false },        { "/sbin", false },     { "/sys", false },
        { "/tmp", false },        { "/usr", false },      { "/var", false },
        { "data", false },        { "", false },          { "/", false },
        { "//", false },          { "/..", false },       { "/etc", false },
        { "/etc/", false },       { "/etc/x", false },    { "/lib64", false },
        { "/mnt/../etc", false }, { "/./usr", false },    { "//var//lib", false },
        { "/etcetera", true },    { "/mnt/etc", true },   { "/etc/../mnt", true },
        { "/libs", true },        { "/home/root", true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err;
        struct volume_attachment volume = at(rows[i].path);
        bool good = check(&volume, 1, &err);
        if (good != rows[i].good)
            fail_msg("%s: %s", rows[i].path, err.message);
        assert_int_equal(err.code, good ? ERROR_NONE : ERROR_INTERNAL);
        assert_string_equal(err.field, good ? "" : "volumes");
    }
}

static void two_volumes_cannot_share_a_cleaned_mount_path(void **state)
{
    (void)state;
    struct error err;
    struct volume_attachment volumes[] = { at("/data"), at("/x/../data/") };
    assert_false(check(volumes, 2, &err));
    assert_error_is(&err, ERROR_INTERNAL, "two volumes are mounted at /x/../data/");
}

static void overlays_need_readonly_and_a_size(void **state)
{
    (void)state;
    struct error err;
    struct volume_attachment volume = at("/data");
    volume.overlay = true;
    volume.overlay_bytes = 1;
    assert_false(check(&volume, 1, &err));
    assert_error_is(&err, ERROR_INTERNAL, "volume v1 has an overlay but is not readonly");
    volume.readonly = true;
    assert_true(check(&volume, 1, &err));
    volume.overlay_bytes = 0;
    assert_false(check(&volume, 1, &err));
    assert_error_is(&err, ERROR_INTERNAL, "the overlay of volume v1 has no size");
}

static void builder_disks_are_reserved(void **state)
{
    (void)state;
    struct error err;
    struct volume_attachment volume = at("/data");
    volume.volume_id = TEXT("builder-disk-7");
    assert_false(check(&volume, 1, &err));
    assert_error_is(&err, ERROR_INTERNAL, "volume id builder-disk-7 is reserved");
}

static void at_most_23_devices_fit_and_an_overlay_counts_twice(void **state)
{
    (void)state;
    struct error err;
    struct volume_attachment volumes[24];
    char paths[24][8];
    for (size_t i = 0; i < 24; i++) {
        snprintf(paths[i], sizeof paths[i], "/m%zu", i);
        volumes[i] = at(paths[i]);
    }
    assert_true(check(volumes, 23, &err));
    assert_false(check(volumes, 24, &err));
    volumes[0].readonly = volumes[0].overlay = true;
    volumes[0].overlay_bytes = 1;
    assert_int_equal(volumes_disk_count(volumes, 23), 24);
    assert_false(check(volumes, 23, &err));
    assert_true(check(volumes, 22, &err));
}

/* An instance with these volumes is made; NULL when it is refused. */
static const struct instance *attach(struct fixture *f, const char *name,
                                     const struct volume_attachment *volumes, size_t count,
                                     struct error *err)
{
    struct instance_request request = request_for(name);
    const struct instance *made = NULL;
    request.config.volumes = volumes;
    request.config.volume_count = count;
    *err = (struct error){ 0 };
    return instance_create(f->world, &request, &made, err) ? made : NULL;
}

static void a_volume_has_many_readers_or_one_writer(void **state) /* INST-C-078 */
{
    struct fixture *f = *state;
    struct error err;
    struct volume_attachment volumes[] = { at("/a"), at("/b") };
    assert_null(attach(f, "twice", volumes, 2, &err));
    assert_error_is(&err, ERROR_INVALID_STATE, "volume v1 is attached twice");

    const struct instance *writer = attach(f, "writer", volumes, 1, &err);
    assert_non_null(writer);
    assert_null(attach(f, "second", volumes, 1, &err));
    assert_error_is(&err, ERROR_INVALID_STATE, "volume v1 is attached to another instance");
    volumes[0].readonly = true;
    assert_null(attach(f, "reader", volumes, 1, &err));
    assert_true(instances_delete(f->world, writer->config->id, &err) || err.code != ERROR_NONE);
    assert_non_null(attach(f, "reader", volumes, 1, &err));
    assert_non_null(attach(f, "other-reader", volumes, 1, &err));
    volumes[0].readonly = false;
    assert_null(attach(f, "late-writer", volumes, 1, &err));
}

static void the_first_writable_volume_stops_a_fork(void **state) /* INST-FK-033 */
{
    (void)state;
    struct error err = { 0 };
    struct volume_attachment volumes[] = { at("/a"), at("/b"), at("/c") };
    volumes[0].readonly = true;
    struct instance_config config = { .volumes = volumes, .volume_count = 3 };
    assert_false(volumes_check_readonly(&config, &err));
    assert_error_is(&err, ERROR_NOT_SUPPORTED,
                    "operation not supported: cannot fork instance with writable volume \"v1\" "
                    "mounted at \"/b\"; use readonly+overlay for safe concurrent forks");
    config.volume_count = 1;
    assert_true(volumes_check_readonly(&config, &err));
}

static void no_memory_is_reported_as_such(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    fake.allowed = 0;
    struct volume_attachment volume = at("/data");
    struct error err = { 0 };
    assert_false(volumes_check_rules(&fake.env.mem, &volume, 1, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_volumes_pass),
        cmocka_unit_test(reserved_and_relative_mount_paths_are_refused),
        cmocka_unit_test(two_volumes_cannot_share_a_cleaned_mount_path),
        cmocka_unit_test(overlays_need_readonly_and_a_size),
        cmocka_unit_test(builder_disks_are_reserved),
        cmocka_unit_test(at_most_23_devices_fit_and_an_overlay_counts_twice),
        cmocka_unit_test_setup_teardown(a_volume_has_many_readers_or_one_writer, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(the_first_writable_volume_stops_a_fork),
        cmocka_unit_test(no_memory_is_reported_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The files of a guest: instances.md 13, with the tree of its section 21. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/guest_files.h"
#include "tests/unit/mock/domain/world_fixture.h"

static struct guest_file look_up(const struct fixture *f, const struct instance *instance,
                                 struct text path, bool follow)
{
    struct guest_file file;
    struct error err = { 0 };
    assert_true(guest_files_look_up(instance, f->fake.now_ns, path, follow, &file, &err));
    return file;
}

struct expected {
    const char *path;
    enum guest_file_type type;
    int64_t mode;
    int64_t size;
    const char *link_target;
    const char *problem;
};

static void assert_same(const char *a, const char *b)
{
    assert_string_equal(a == NULL ? "(none)" : a, b == NULL ? "(none)" : b);
}

static void expect_files(const struct fixture *f, const struct instance *instance, bool follow,
                         const struct expected *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct expected *e = &expected[i];
        const struct guest_file file = look_up(f, instance, text_of(e->path), follow);
        if (file.type != e->type)
            fail_msg("%s has type %d", e->path, file.type);
        assert_int_equal(file.mode, e->mode);
        assert_int_equal(file.size, e->size);
        assert_same(file.link_target, e->link_target);
        assert_same(file.problem, e->problem);
    }
}

#define DIRECTORY .type = GUEST_DIRECTORY, .mode = 0755, .size = 4096

static void the_tree_is_small_and_fixed(void **state) /* INST-STAT-004, INST-STAT-008 */
{
    static const struct expected expected[] = {
        { "/", DIRECTORY },
        { "/bin", DIRECTORY },
        { "/etc", DIRECTORY },
        { "/run", DIRECTORY },
        { "/var", DIRECTORY },
        { "/root", .type = GUEST_DIRECTORY, .mode = 0700, .size = 4096 },
        { "/tmp", .type = GUEST_DIRECTORY, .mode = 0777, .size = 4096 },
        { "/bin/sh", .type = GUEST_FILE, .mode = 0755, .size = 808712 },
        { "/etc/os-release", .type = GUEST_FILE, .mode = 0644, .size = 188 },
        { "/etc/hostname", .type = GUEST_FILE, .mode = 0644, .size = 6 }, /* "web-1\n" */
        { "/bin/ash", .type = GUEST_LINK, .mode = 0777, .size = 7, .link_target = "/bin/sh" },
        { "/var/run", .type = GUEST_LINK, .mode = 0777, .size = 6, .link_target = "../run" },
    };
    struct fixture *f = *state;

    expect_files(f, given_running(f, "web-1"), false, expected, ARRAY_LEN(expected));
}

static void links_are_followed_when_asked(void **state) /* INST-STAT-008 */
{
    static const struct expected expected[] = {
        { "/bin/ash", .type = GUEST_FILE, .mode = 0755, .size = 808712 },
        { "/var/run", DIRECTORY },
        { "/etc/hostname", .type = GUEST_FILE, .mode = 0644, .size = 6 },
        { "/nowhere", .type = GUEST_NO_FILE },
    };
    struct fixture *f = *state;

    expect_files(f, given_running(f, "web-1"), true, expected, ARRAY_LEN(expected));
}

static void a_path_may_be_written_in_many_ways(void **state)
{
    static const struct expected expected[] = {
        { "//etc///", DIRECTORY },
        { "/./etc/.", DIRECTORY },
        { "/etc/..", DIRECTORY },
        { "/../../etc", DIRECTORY },
        { "/bin/../etc/hostname", .type = GUEST_FILE, .mode = 0644, .size = 6 },
        { "etc/hostname", .type = GUEST_FILE, .mode = 0644, .size = 6 },
        { ".", DIRECTORY },
        /* Links on the way, and before a slash at the end, are followed. */
        { "/var/run/", DIRECTORY },
        { "/var/run/.", DIRECTORY },
        { "/var/run/../etc", DIRECTORY }, /* not /var/etc */
        { "/var/run/../bin/ash", .type = GUEST_LINK, .mode = 0777, .size = 7,
          .link_target = "/bin/sh" },
    };
    struct fixture *f = *state;

    expect_files(f, given_running(f, "web-1"), false, expected, ARRAY_LEN(expected));
}

static void what_does_not_exist_is_no_problem(void **state) /* INST-STAT-005 */
{
    static const struct expected expected[] = {
        { "/nowhere", .type = GUEST_NO_FILE },
        { "/nowhere/deeper/..", .type = GUEST_NO_FILE },
        { "/var/run/nothing", .type = GUEST_NO_FILE },
        { "/ETC", .type = GUEST_NO_FILE },
        { "/etc/host", .type = GUEST_NO_FILE },
        { "/etc/hostname2", .type = GUEST_NO_FILE },
    };
    struct fixture *f = *state;

    expect_files(f, given_running(f, "web-1"), false, expected, ARRAY_LEN(expected));
}

static void other_troubles_have_the_systems_words(void **state) /* INST-STAT-007 */
{
    static const struct expected expected[] = {
        { "/root/unreadable", .problem = "permission denied" },
        { "/root/unreadable/deeper", .problem = "permission denied" },
        { "/etc/hostname/x", .problem = "not a directory" },
        { "/etc/hostname/", .problem = "not a directory" },
        { "/bin/ash/..", .problem = "not a directory" },
    };
    struct fixture *f = *state;
    const struct instance *instance = given_running(f, "web-1");
    char path[5000];

    expect_files(f, instance, false, expected, ARRAY_LEN(expected));
    assert_same(look_up(f, instance, TEXT("/etc\0x"), false).problem, "invalid argument");

    memset(path, 'x', sizeof path);
    path[0] = '/';
    assert_same(look_up(f, instance, (struct text){ path, 256 }, false).problem, NULL);
    assert_same(look_up(f, instance, (struct text){ path, 257 }, false).problem,
                "file name too long");
    memset(path, '/', sizeof path);
    assert_same(look_up(f, instance, (struct text){ path, 4095 }, false).problem, NULL);
    assert_same(look_up(f, instance, (struct text){ path, 4096 }, false).problem,
                "file name too long");
}

static void the_longest_path_through_a_link_fits(void **state)
{
    struct fixture *f = *state;
    const struct instance *instance = given_running(f, "web-1");
    char path[4095];

    memset(path, 'x', sizeof path);
    memcpy(path, "/var/run", 8);
    for (size_t i = 8; i < sizeof path; i += 256)
        path[i] = '/';
    assert_int_equal(look_up(f, instance, (struct text){ path, sizeof path }, true).type,
                     GUEST_NO_FILE);
}

static void volumes_are_mounted_as_directories(void **state)
{
    static const struct volume_attachment volumes[] = {
        { .volume_id = TEXT("a"), .mount_path = TEXT("/data//db/./main/"), .readonly = true },
        { .volume_id = TEXT("b"), .mount_path = TEXT("/mnt/x/../y"), .readonly = true },
    };
    static const struct expected expected[] = {
        { "/data", DIRECTORY },
        { "/data/db", DIRECTORY },
        { "/data/db/main", DIRECTORY },
        { "/data/db/main/x", .type = GUEST_NO_FILE },
        { "/data/d", .type = GUEST_NO_FILE },
        { "/mnt/y", DIRECTORY },
        { "/mnt/x", .type = GUEST_NO_FILE },
    };
    struct fixture *f = *state;
    struct instance_request request = request_for("web-1");

    request.config.volumes = volumes;
    request.config.volume_count = ARRAY_LEN(volumes);
    expect_files(f, given_state(f, &request, INSTANCE_RUNNING), false, expected,
                 ARRAY_LEN(expected));
}

static void only_a_running_guest_can_be_asked(void **state) /* INST-STAT-003 */
{
    struct fixture *f = *state;
    const struct instance_request request = request_for("web-1");

    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        const struct instance *instance = given_state(f, &request, s);
        struct guest_file file = { .type = GUEST_LINK };
        struct error err = { 0 };
        char message[100];
        snprintf(message, sizeof message, "instance must be running (current state: %s)",
                 instance_state_name(s));
        const bool found =
            guest_files_look_up(instance, f->fake.now_ns, TEXT("/"), false, &file, &err);
        assert_int_equal(found, s == INSTANCE_RUNNING);
        if (!found) {
            assert_error_is(&err, ERROR_INVALID_STATE, message);
            assert_int_equal(file.type, GUEST_LINK);
        }
        fixture_restart(f, world_settings(f->world));
    }
}

static void a_guest_without_agent_answers_nothing(void **state) /* INST-STAT-009 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web-1");
    struct guest_file file;
    struct error err = { 0 };

    request.config.skip_guest_agent = true;
    const struct instance *instance = given_state(f, &request, INSTANCE_RUNNING);
    assert_false(guest_files_look_up(instance, f->fake.now_ns, TEXT("/"), false, &file, &err));
    assert_error_is(&err, ERROR_INTERNAL, "the guest has no agent");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_tree_is_small_and_fixed),           TEST(links_are_followed_when_asked),
        TEST(a_path_may_be_written_in_many_ways),    TEST(what_does_not_exist_is_no_problem),
        TEST(other_troubles_have_the_systems_words), TEST(the_longest_path_through_a_link_fits),
        TEST(volumes_are_mounted_as_directories),    TEST(only_a_running_guest_can_be_asked),
        TEST(a_guest_without_agent_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

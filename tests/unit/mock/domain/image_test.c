#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "mock/domain/image.h"
#include "mock/domain/world_state.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void given_image(struct fixture *f, const char *reference, enum image_condition condition)
{
    struct error err = { 0 };
    const bool set = world_set_image(f->world, text_of(reference), condition, &err);
    assert_string_equal(err.message, "");
    assert_true(set);
}

static void assert_resolves(struct fixture *f, const char *reference, const char *wish)
{
    struct text platform = { 0 };
    struct error err = { 0 };
    const bool resolved =
        image_resolve(f->world, text_of(reference), text_of(wish), &platform, &err);
    assert_string_equal(err.message, "");
    assert_true(resolved);
    assert_text_is(platform, "linux/amd64");
}

static void assert_refused(struct fixture *f, const char *reference, const char *wish,
                           enum error_code code, const char *field, const char *message)
{
    struct text platform = TEXT("untouched");
    struct error err = { 0 };
    assert_false(image_resolve(f->world, text_of(reference), text_of(wish), &platform, &err));
    assert_error_is(&err, code, message);
    assert_string_equal(err.field, field);
    assert_text_is(platform, "untouched");
}

static void conditions_have_names_that_are_read_back(void **state)
{
    (void)state;
    for (enum image_condition c = 0; c < IMAGE_CONDITION_COUNT; c++) {
        enum image_condition read = IMAGE_CONDITION_COUNT;
        assert_true(image_condition_parse(text_of(image_condition_name(c)), &read));
        assert_int_equal(read, c);
    }
    enum image_condition untouched = IMAGE_FAILED;
    assert_false(image_condition_parse(TEXT("READY"), &untouched));
    assert_false(image_condition_parse((struct text){ 0 }, &untouched));
    assert_int_equal(untouched, IMAGE_FAILED);
}

static void every_legal_reference_is_ready_until_told_otherwise(void **state)
{
    static const char *const references[] = { "alpine", "ghcr.io/a/b:1", "localhost/x" };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(references); i++)
        assert_resolves(f, references[i], "");
}

static void impossible_platforms_have_their_texts(void **state) /* INST-C-028, INST-C-029 */
{
    static const struct {
        const char *wish, *message;
    } rows[] = {
        { "windows/amd64", "resolve image alpine for platform windows/amd64: invalid platform: "
                           "unsupported os \"windows\": only linux guests are supported" },
        { "darwin/riscv64", "resolve image alpine for platform darwin/riscv64: invalid platform: "
                            "unsupported os \"darwin\": only linux guests are supported" },
        { "linux/riscv64", "resolve image alpine for platform linux/riscv64: invalid platform: "
                           "unsupported architecture \"riscv64\": must be amd64 or arm64" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_refused(f, "alpine", rows[i].wish, ERROR_INVALID_ARGUMENT, "platform",
                       rows[i].message);
}

/* INST-C-031: only a Linux host insists on its own architecture. */
static void a_platform_is_judged_against_the_host(void **state)
{
    static const char *const wishes[] = {
        "", "linux/amd64", "linux/amd64/v3", "linux/arm64", "linux/arm64/v8", "linux/aarch64"
    };
#define AMD "linux/amd64"
#define ARM "linux/arm64"
#define FOREIGN(arch, host)                                                                        \
    "!invalid request: running " arch                                                              \
    " images requires an emulation-capable host; this host is " host
#define NO_ARM FOREIGN("arm64", AMD)
#define NO_AMD FOREIGN("amd64", ARM)
    static const struct {
        struct host_platform host;
        const char *expected[ARRAY_LEN(wishes)]; /* with "!": the refusal */
    } rows[] = {
        { { HOST_LINUX, HOST_AMD64 }, { AMD, AMD, AMD, NO_ARM, NO_ARM, NO_ARM } },
        { { HOST_LINUX, HOST_ARM64 }, { ARM, NO_AMD, NO_AMD, ARM, ARM, ARM } },
        { { HOST_DARWIN, HOST_AMD64 }, { AMD, AMD, AMD, ARM, ARM, ARM } },
        { { HOST_DARWIN, HOST_ARM64 }, { ARM, AMD, AMD, ARM, ARM, ARM } },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world_settings settings = *world_settings(f->world);
        settings.host = rows[i].host;
        fixture_restart(f, &settings);
        for (size_t k = 0; k < ARRAY_LEN(wishes); k++) {
            const char *expected = rows[i].expected[k];
            struct text platform = { 0 };
            struct error err = { 0 };
            if (expected[0] == '!') {
                assert_refused(f, "alpine", wishes[k], ERROR_INVALID_ARGUMENT, "image",
                               expected + 1);
                continue;
            }
            assert_true(
                image_resolve(f->world, TEXT("alpine"), text_of(wishes[k]), &platform, &err));
            assert_text_is(platform, expected);
        }
    }
}

static void an_illegal_reference_is_our_fault_as_on_the_real_server(void **state) /* INST-C-022 */
{
    struct fixture *f = *state;
    assert_refused(f, "Alpine", "", ERROR_INTERNAL, "image",
                   "invalid image name: invalid reference format: repository name "
                   "(library/Alpine) must be lowercase");
    assert_refused(f, "https://alpine", "", ERROR_INTERNAL, "image",
                   "invalid image name: invalid reference format");
}

#define HEX64   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RESOLVE "resolve image team/app:1 for platform linux/amd64: "

static void each_condition_has_its_refusal(void **state)
{
    static const struct {
        enum image_condition condition;
        enum error_code code;
        const char *field, *message;
    } rows[] = {
        { IMAGE_MISSING, ERROR_NOT_FOUND, "image", RESOLVE "image not found" }, /* INST-C-023 */
        { IMAGE_RATE_LIMITED, ERROR_UNAVAILABLE, "image",                       /* INST-C-026 */
          "registry rate limit exceeded; retry later or authenticate to the registry" },
        { IMAGE_UNREACHABLE, ERROR_INTERNAL, "", RESOLVE "the registry cannot be reached" },
        { IMAGE_NO_PLATFORM, ERROR_NOT_FOUND, "platform", /* INST-C-030 */
          RESOLVE "platform not available for image: no child with platform linux/amd64 in index "
                  "docker.io/team/app:1" },
        { IMAGE_PULLABLE, ERROR_INVALID_STATE, "image", /* INST-C-024 */
          "image not ready: image docker.io/team/app@sha256:"
          "4242ff8dec380e943d180c07d57b99944e2c257e69212680c771dec41817140b"
          " is being pulled, please try again shortly" },
        { IMAGE_PENDING, ERROR_INVALID_STATE, "image", /* INST-C-025 */
          "image not ready: image status is pending" },
        { IMAGE_PULLING, ERROR_INVALID_STATE, "image", "image not ready: image status is pulling" },
        { IMAGE_CONVERTING, ERROR_INVALID_STATE, "image",
          "image not ready: image status is converting" },
        { IMAGE_FAILED, ERROR_INVALID_STATE, "image", "image not ready: image status is failed" },
    };
    struct fixture *f = *state;
    assert_int_equal(ARRAY_LEN(rows), IMAGE_CONDITION_COUNT - 1); /* all but IMAGE_READY */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        given_image(f, "team/app:1", rows[i].condition);
        assert_refused(f, "team/app:1", "", rows[i].code, rows[i].field, rows[i].message);
        given_image(f, "team/app:1", IMAGE_READY);
        assert_resolves(f, "team/app:1", "");
    }
}

static void a_pulled_image_has_the_digest_that_was_asked_for(void **state) /* INST-C-024 */
{
    struct fixture *f = *state;
    given_image(f, "app@sha256:" HEX64, IMAGE_PULLABLE);
    assert_refused(f, "app:1@sha256:" HEX64, "", ERROR_INVALID_STATE, "image",
                   "image not ready: image docker.io/library/app@sha256:" HEX64
                   " is being pulled, please try again shortly");
}

static void one_image_has_many_spellings(void **state) /* IMG-001 */
{
    static const char *const same[] = { "alpine", "alpine:latest", "docker.io/alpine",
                                        "index.docker.io/library/alpine:latest" };
    static const char *const others[] = { "alpine:3", "ghcr.io/library/alpine", "alpine/alpine",
                                          ("alpine@sha256:" HEX64) };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        given_image(f, same[i], IMAGE_FAILED);
        for (size_t k = 0; k < ARRAY_LEN(same); k++)
            assert_refused(f, same[k], "", ERROR_INVALID_STATE, "image",
                           "image not ready: image status is failed");
        for (size_t k = 0; k < ARRAY_LEN(others); k++)
            assert_resolves(f, others[k], "");
        given_image(f, same[ARRAY_LEN(same) - 1 - i], IMAGE_READY);
    }
}

static void the_platform_is_judged_first_and_the_architecture_last(void **state)
{
    static const struct {
        const char *reference, *wish, *message;
    } rows[] = {
        { "Alpine", "linux/riscv64",
          "resolve image Alpine for platform linux/riscv64: invalid "
          "platform: unsupported architecture \"riscv64\": must be "
          "amd64 or arm64" },
        { "Alpine", "linux/arm64",
          "invalid image name: invalid reference format: repository name "
          "(library/Alpine) must be lowercase" },
        { "gone", "linux/arm64", "resolve image gone for platform linux/arm64: image not found" },
    };
    struct fixture *f = *state;
    given_image(f, "gone", IMAGE_MISSING);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct text platform;
        struct error err = { 0 };
        assert_false(image_resolve(f->world, text_of(rows[i].reference), text_of(rows[i].wish),
                                   &platform, &err));
        assert_string_equal(err.message, rows[i].message);
    }
}

/* INST-ST-027, INST-RS-005, INST-FK-035, SNAP-R-025, SNAP-F-020 */
static void what_is_stored_for_an_instance_only_a_deletion_takes_away(void **state)
{
    struct fixture *f = *state;
    for (enum image_condition c = 0; c < IMAGE_CONDITION_COUNT; c++) {
        struct error err = { 0 };
        given_image(f, "docker.io/library/alpine", c);
        const bool present = image_check_present(f->world, TEXT("alpine"), &err);
        assert_int_equal(present, c != IMAGE_MISSING);
        if (present)
            continue;
        assert_error_is(&err, ERROR_NOT_FOUND, "instance image not found");
        assert_string_equal(err.field, "image");
    }
}

static void only_a_legal_reference_can_be_set(void **state) /* IMG-002 */
{
    struct fixture *f = *state;
    struct error err = { 0 };
    assert_false(world_set_image(f->world, TEXT("a b"), IMAGE_MISSING, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT, "invalid reference format");
}

/* Beside a map that shares its nodes, so that removing needs memory as well. */
static void an_image_is_set_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "i-%d", i);
        given_image(f, name, IMAGE_FAILED);
    }
    static const enum image_condition steps[] = { IMAGE_MISSING, IMAGE_PENDING, IMAGE_READY };
    enum image_condition before = IMAGE_READY;
    for (size_t step = 0; step < ARRAY_LEN(steps); step++) {
        struct cow_map shared = cow_map_retain(&f->world->images);
        size_t failures = 0;
        for (bool set = false; !set; failures++) {
            struct error err = { 0 };
            f->fake.allowed = failures;
            set = world_set_image(f->world, TEXT("new"), steps[step], &err);
            f->fake.allowed = FAKE_ENV_NEVER_FAILS;
            if (set)
                break;
            assert_error_is(&err, ERROR_NO_MEMORY, "out of memory");
            assert_int_equal(f->world->images.count, before == IMAGE_READY ? 20 : 21);
            struct error missing = { 0 };
            assert_int_equal(image_check_present(f->world, TEXT("new"), &missing),
                             before != IMAGE_MISSING);
        }
        assert_in_range(failures, 1, 12);
        before = steps[step];
        cow_map_fini(&shared);
    }
    assert_int_equal(f->world->images.count, 20);
}

static void forgetting_an_image_needs_no_memory(void **state)
{
    struct fixture *f = *state;
    given_image(f, "gone", IMAGE_MISSING);
    f->fake.allowed = 0;
    given_image(f, "gone", IMAGE_READY);
    given_image(f, "never-set", IMAGE_READY);
    f->fake.allowed = FAKE_ENV_NEVER_FAILS;
    assert_int_equal(f->world->images.count, 0);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_have_names_that_are_read_back),
        ON_WORLD(every_legal_reference_is_ready_until_told_otherwise),
        ON_WORLD(impossible_platforms_have_their_texts),
        ON_WORLD(a_platform_is_judged_against_the_host),
        ON_WORLD(an_illegal_reference_is_our_fault_as_on_the_real_server),
        ON_WORLD(each_condition_has_its_refusal),
        ON_WORLD(a_pulled_image_has_the_digest_that_was_asked_for),
        ON_WORLD(one_image_has_many_spellings),
        ON_WORLD(the_platform_is_judged_first_and_the_architecture_last),
        ON_WORLD(what_is_stored_for_an_instance_only_a_deletion_takes_away),
        ON_WORLD(only_a_legal_reference_can_be_set),
        ON_WORLD(an_image_is_set_whole_or_not_at_all),
        ON_WORLD(forgetting_an_image_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/image.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void no_wish_means_the_platform_of_the_host(void **state)
{
    struct fixture *f = *state;
    struct text platform = { 0 };
    struct error err = { 0 };
    assert_true(image_resolve(f->world, TEXT("alpine"), (struct text){ 0 }, &platform, &err));
    assert_text_is(platform, "linux/amd64");
    assert_true(image_resolve(f->world, TEXT("alpine"), TEXT("linux/amd64/v3"), &platform, &err));
    assert_text_is(platform, "linux/amd64");
}

static void impossible_platforms_have_their_texts(void **state)
{
    struct fixture *f = *state;
    struct text platform = TEXT("untouched");
    static const struct {
        const char *wish, *field, *message;
    } rows[] = {
        { "windows/amd64", "platform",
          "resolve image alpine for platform windows/amd64: invalid platform: unsupported os "
          "\"windows\": only linux guests are supported" },
        { "linux/riscv64", "platform",
          "resolve image alpine for platform linux/riscv64: invalid platform: unsupported "
          "architecture \"riscv64\": must be amd64 or arm64" },
        { "linux/arm64", "image",
          "invalid request: running arm64 images requires an emulation-capable host; this host is "
          "linux/amd64" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = { 0 };
        assert_false(
            image_resolve(f->world, TEXT("alpine"), text_of(rows[i].wish), &platform, &err));
        assert_error_is(&err, ERROR_INVALID_ARGUMENT, rows[i].message);
        assert_string_equal(err.field, rows[i].field);
        assert_text_is(platform, "untouched");
    }
}

static void a_mac_runs_foreign_images(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.host = (struct host_platform){ HOST_DARWIN, HOST_ARM64 };
    fixture_restart(f, &settings);
    struct text platform = { 0 };
    struct error err = { 0 };
    assert_true(image_resolve(f->world, TEXT("alpine"), TEXT("linux/amd64"), &platform, &err));
    assert_text_is(platform, "linux/amd64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_wish_means_the_platform_of_the_host, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(impossible_platforms_have_their_texts, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_mac_runs_foreign_images, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names of images: other-resources.md 2.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/image_reference.h"

#define HEX8   "0123abcd"
#define HEX32  HEX8 HEX8 HEX8 HEX8
#define HEX64  HEX32 HEX32
#define HEX128 HEX64 HEX64
#define A16    "aaaaaaaaaaaaaaaa"
#define A128   A16 A16 A16 A16 A16 A16 A16 A16
#define A247   A128 A16 A16 A16 A16 A16 A16 A16 "aaaaaaa"
#define A255   A247 "aaaaaaaa"

static struct image_reference parse(const char *given)
{
    struct image_reference reference;
    struct error err = { 0 };
    const bool parsed = image_reference_parse(text_of(given), &reference, &err);
    assert_string_equal(err.message, "");
    assert_true(parsed);
    return reference;
}

static void a_reference_is_written_out_in_full(void **state) /* IMG-001 */
{
    static const struct {
        const char *given, *name;
    } rows[] = {
        { "alpine", "docker.io/library/alpine:latest" },
        { "alpine:3.20", "docker.io/library/alpine:3.20" },
        { "foo/bar", "docker.io/foo/bar:latest" },
        { "docker.io/alpine", "docker.io/library/alpine:latest" },
        { "index.docker.io/alpine", "docker.io/library/alpine:latest" },
        { "index.docker.io/library/alpine", "docker.io/library/alpine:latest" },
        { "foo:5000", "docker.io/library/foo:5000" },
        { "foo:5000/bar", "foo:5000/bar:latest" },
        { "localhost/foo", "localhost/foo:latest" },
        { "LOCALHOST/foo", "LOCALHOST/foo:latest" },
        { "ghcr.io/a/b", "ghcr.io/a/b:latest" },
        { "alpine@sha256:" HEX64, "docker.io/library/alpine@sha256:" HEX64 },
        { "alpine:3@sha256:" HEX64, "docker.io/library/alpine:3@sha256:" HEX64 },
        { "sha256:" HEX64, "docker.io/library/sha256:" HEX64 },
        { "Docker.io/alpine", "Docker.io/alpine:latest" },
        { "[::1]:5000/a__b/c---d.e_f", "[::1]:5000/a__b/c---d.e_f:latest" },
        { "alpine:_A.b-C", "docker.io/library/alpine:_A.b-C" },
        { "alpine:" A128, "docker.io/library/alpine:" A128 },
        { "alpine@sha512:" HEX128, "docker.io/library/alpine@sha512:" HEX128 },
        { "alpine@sha384:" HEX64 HEX32, "docker.io/library/alpine@sha384:" HEX64 HEX32 },
        { HEX64 "/a", "docker.io/" HEX64 "/a:latest" },
        { HEX64 ":a", "docker.io/library/" HEX64 ":a" },
        { A247, "docker.io/library/" A247 ":latest" },
        { "a.io/" A255, "a.io/" A255 ":latest" },
        { "a_b.c/d", "a_b.c/d:latest" }, /* no host has an underscore, but a path may */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct image_reference reference = parse(rows[i].given);
        struct image_name name = image_reference_name(&reference);
        assert_string_equal(name.text, rows[i].name);
        assert_int_equal(name.len, strlen(rows[i].name));
        reference = parse(name.text); /* and stays as it is from then on */
        assert_string_equal(image_reference_name(&reference).text, rows[i].name);
    }
}

static void a_repository_is_a_name_without_its_version(void **state) /* IMG-015 */
{
    static const struct {
        const char *given, *repository, *version;
    } rows[] = {
        { "alpine", "docker.io/library/alpine", "latest" },
        { "ghcr.io/a/b:1", "ghcr.io/a/b", "1" },
        { "alpine:3@sha256:" HEX64, "docker.io/library/alpine", "sha256:" HEX64 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct image_reference reference = parse(rows[i].given);
        assert_string_equal(image_reference_repository(&reference).text, rows[i].repository);
        assert_true(text_equal_cstr(image_reference_version(&reference), rows[i].version));
    }
}

static void assert_refused(struct text given, const char *message)
{
    struct image_reference untouched;
    struct image_reference reference;
    struct error err = { 0 };
    memset(&untouched, 0x5A, sizeof untouched);
    reference = untouched;
    if (image_reference_parse(given, &reference, &err))
        fail_msg("accepted " TEXT_FMT, TEXT_ARGS(given));
    if (strcmp(err.message, message) != 0)
        fail_msg("%s\n instead of %s\n for " TEXT_FMT, err.message, message, TEXT_ARGS(given));
    assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
    assert_memory_equal(&reference, &untouched, sizeof reference);
}

static void what_has_not_the_form_of_a_reference_is_refused(void **state) /* IMG-002 */
{
    static const char *const rows[] = {
        "",
        " ",
        "al pine",
        "alpine ",
        "https://docker.io/alpine",
        "/alpine",
        "alpine/",
        "a//b",
        "a..b",
        "a___b",
        "a._b",
        "a-.-b",
        "-a",
        "a-",
        "a_",
        ".a",
        "ghcr.io/",
        "ghcr.io//a",
        "alpine:",
        "alpine:.x",
        "alpine:-x",
        "alpine:a b",
        "alpine:a" A128,
        "alpine:a:b",
        "foo:5000x/bar",
        "foo:/bar",
        "-foo.io/bar",
        "foo-.io/bar",
        "foo..io/bar",
        ".io/bar",
        "foo./bar",
        "[::1/a",
        "[]/a",
        "[::g]/a",
        "[::1]x/a",
        "alpine@",
        "alpine@sha256",
        "alpine@sha256:",
        "alpine@sha256:" HEX8,
        "alpine@:" HEX64,
        "alpine@256:" HEX64,
        "alpine@sha256+:" HEX64,
        "alpine@sha256:" HEX64 "g",
        "alpine@sha256:" HEX64 "@sha256:" HEX64,
        "alp\xC3\xA9",
        "alp\xFF",
        "http:/a",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_refused(text_of(rows[i]), "invalid reference format");
    assert_refused((struct text){ 0 }, "invalid reference format");
    assert_refused(TEXT("alpine\0"), "invalid reference format");
    assert_refused(TEXT("alpine:\0"), "invalid reference format");
    assert_refused(TEXT("\0/alpine"), "invalid reference format");
}

static void some_faults_have_texts_of_their_own(void **state)
{
    static const struct {
        const char *given, *message;
    } rows[] = {
        /* IMG-003 */
        { "Alpine", "invalid reference format: repository name (library/Alpine) must be "
                    "lowercase" },
        { "foo/Bar:Tag", "invalid reference format: repository name (foo/Bar) must be lowercase" },
        { "ghcr.io/A_", "invalid reference format: repository name (A_) must be lowercase" },
        { "alpine@SHA256:" HEX64, "invalid reference format: repository name "
                                  "(library/alpine@SHA256) must be lowercase" },
        /* IMG-004 */
        { HEX64,
          "invalid repository name (" HEX64 "), cannot specify 64-byte hexadecimal strings" },
        /* IMG-005 */
        { A247 "a", "repository name must not be more than 255 characters" },
        { "ghcr.io/" A255 "a", "repository name must not be more than 255 characters" },
        { "ghcr.io/" A255 "a@md5:" HEX32, "repository name must not be more than 255 characters" },
        /* Digests: of the right form, but no digest. */
        { "alpine@sha256:" HEX32, "invalid checksum digest length" },
        { "alpine@sha256:" HEX64 "0", "invalid checksum digest length" },
        { "alpine@sha512:" HEX64, "invalid checksum digest length" },
        { "alpine@sha256:" HEX32 HEX8 HEX8 HEX8 "0123ABCD", "invalid checksum digest format" },
        { "alpine:1@SHA256:" HEX64, "invalid checksum digest format" },
        { "alpine@md5:" HEX32, "unsupported digest algorithm" },
        { "alpine@my+own-sum:" HEX32, "unsupported digest algorithm" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_refused(text_of(rows[i].given), rows[i].message);
}

static void a_host_of_any_length_is_judged_without_overflow(void **state)
{
    static const struct {
        int host_len;
        const char *message; /* NULL: fine */
    } rows[] = {
        { IMAGE_HOST_MAX, NULL },
        { IMAGE_HOST_MAX + 1, "invalid reference format" },
        { 60000, "invalid reference format" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static char given[65536];
        const int len = rows[i].host_len;
        memset(given, 'a', (size_t)len);
        given[len - 3] = ':';
        given[len - 2] = '1';
        given[len - 1] = '2';
        snprintf(given + len, sizeof given - (size_t)len, "/%s:%s@sha512:%s", A255, A128, HEX128);
        if (rows[i].message != NULL) {
            assert_refused(text_of(given), rows[i].message);
            continue;
        }
        struct image_reference reference = parse(given);
        struct image_name name = image_reference_name(&reference);
        assert_int_equal(name.len, IMAGE_NAME_MAX);
        assert_string_equal(name.text, given);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_written_out_in_full),
        cmocka_unit_test(a_repository_is_a_name_without_its_version),
        cmocka_unit_test(what_has_not_the_form_of_a_reference_is_refused),
        cmocka_unit_test(some_faults_have_texts_of_their_own),
        cmocka_unit_test(a_host_of_any_length_is_judged_without_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

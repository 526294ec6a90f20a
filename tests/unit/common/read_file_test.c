#include "tests/unit/common/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/program/read_file.h"
#include "tests/unit/common/alloc_fail.h"

static char path[] = "/tmp/read_file_test.XXXXXX";

static int make_file(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd >= 0 && write(fd, "one\0two\n", 8) == 8 ? close(fd) : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void a_file_is_read_byte_for_byte_up_to_its_bound(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer out = buffer_capped(0);
    struct error err = { 0 };

    assert_true(read_file(path, 8, &out, &err));
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.data, "one\0two\n", 8);
}

static void what_cannot_be_read_says_why_and_leaves_nothing(void **state)
{
    static const struct {
        const char *path;
        size_t max_bytes;
        enum error_code code;
        const char *message;
    } cases[] = {
        { path, 7, ERROR_RESOURCE_EXHAUSTED, " is larger than 7 bytes" },
        { "/dev/zero", 64 << 10, ERROR_RESOURCE_EXHAUSTED, "/dev/zero is larger than 65536 bytes" },
        { "/no/such/file", 8, ERROR_NOT_FOUND,
          "cannot open /no/such/file: No such file or directory" },
        { "/", 8, ERROR_NOT_FOUND, "cannot read /: Is a directory" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buffer out = { 0 };
        struct error err = { 0 };
        char expected[100];
        snprintf(expected, sizeof expected, "%s%s", cases[i].message[0] == ' ' ? path : "",
                 cases[i].message);
        assert_false(read_file(cases[i].path, cases[i].max_bytes, &out, &err));
        assert_error(err, cases[i].code, expected);
        assert_null(out.data);
    }
}

static void a_failed_allocation_is_not_taken_for_a_large_file(void **state)
{
    (void)state;
    struct buffer out = { 0 };
    struct error err = { 0 };

    alloc_fail_after(0);
    assert_false(read_file(path, 8, &out, &err));
    assert_true(alloc_fail_stop());
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_null(out.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_byte_for_byte_up_to_its_bound),
        cmocka_unit_test(what_cannot_be_read_says_why_and_leaves_nothing),
        cmocka_unit_test(a_failed_allocation_is_not_taken_for_a_large_file),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}

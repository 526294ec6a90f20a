#include "tests/unit/common/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/program/ready_file.h"

static const char *const urls[] = { "http://127.0.0.1:4973", "http://[::1]:1" };
static const struct ready ready = { "hypeman-mock", urls, 2 };

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void assert_ready_line(const char *line)
{
    char expected[300];
    snprintf(expected, sizeof expected,
             "{\"program\":\"hypeman-mock\",\"version\":\"%s\",\"pid\":%d,"
             "\"urls\":[\"http://127.0.0.1:4973\",\"http://[::1]:1\"]}\n",
             TESTKIT_VERSION, (int)getpid());
    assert_string_equal(line, expected);
}

static void the_file_appears_whole_and_nothing_else_stays_behind(void **state)
{
    (void)state;
    char folder[] = "/tmp/ready_file_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[100];
    snprintf(path, sizeof path, "%s/ready", folder);
    struct error err = { 0 };
    for (int i = 0; i < 2; i++) { /* the second time it replaces the first */
        assert_true(ready_file_write(path, &ready, &err));
        char line[300] = { 0 };
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_true(fread(line, 1, sizeof line - 1, file) > 0);
        fclose(file);
        assert_ready_line(line);
        assert_int_equal(files_in(folder), 1);
    }
    unlink(path);

    assert_int_equal(mkdir(path, 0700), 0); /* rename onto a folder fails */
    assert_false(ready_file_write(path, &ready, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_true(text_starts_with(text_of(err.message), text_of(path)));
    assert_int_equal(files_in(folder), 1);
    rmdir(path);
    rmdir(folder);
}

static void a_folder_that_is_not_there_is_reported(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_false(ready_file_write("/nonexistent/folder/ready", &ready, &err));
    assert_error(err, ERROR_INTERNAL,
                 "/nonexistent/folder/ready: cannot be created: No such file or directory");
}

static void the_same_line_goes_to_a_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct error err = { 0 };
    assert_true(ready_write_fd(ends[1], &ready, &err));
    char line[300] = { 0 };
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    assert_ready_line(line);
    close(ends[0]);
    close(ends[1]);
    assert_false(ready_write_fd(ends[1], &ready, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_appears_whole_and_nothing_else_stays_behind),
        cmocka_unit_test(a_folder_that_is_not_there_is_reported),
        cmocka_unit_test(the_same_line_goes_to_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

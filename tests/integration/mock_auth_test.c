/* hypeman-mock --auth jwt as a child process, over real sockets and against the real clock. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "tests/support/http_client.h"
#include "tests/support/jwt_mint.h"
#include "tests/support/program.h"

#define SECRET "correct horse battery staple"

static char secret_file[] = "/tmp/mock_auth_test.XXXXXX";

static void write_secret(const char *bytes, size_t len)
{
    FILE *file = fopen(secret_file, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int make_file(void **state)
{
    (void)state;
    const int fd = mkstemp(secret_file);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(secret_file);
}

static void start_mock(struct program *mock)
{
    assert_true(program_start(mock, "hypeman-mock",
                              (const char *[]){ "--listen", "127.0.0.1:0", "--auth", "jwt",
                                                "--jwt-secret-file", secret_file, NULL }));
}

static void stop_mock(struct program *mock)
{
    assert_int_equal(program_stop(mock, SIGTERM), 0);
    assert_null(strstr(mock->output, SECRET));
    program_free(mock);
}

/* GET /instances with these header lines, each ended by CR LF. */
static void expect_answer(struct http_client *client, const char *lines, int status,
                          const char *body)
{
    struct http_answer answer;

    assert_true(http_client_send_text(client, "GET /instances HTTP/1.1\r\nHost: x\r\n"));
    assert_true(http_client_send_text(client, lines));
    assert_true(http_client_send_text(client, "\r\n"));
    assert_true(http_client_read(client, &answer));
    assert_string_equal(answer.body, body);
    assert_int_equal(answer.status, status);
    assert_null(strstr(answer.head, "WWW-Authenticate")); /* HTTP-035 */
    http_answer_free(&answer);
}

/* "Authorization: Bearer TOKEN" with that before and behind it. */
static void expect_for_token(struct http_client *client, const char *claims, const char *before,
                             const char *behind, int status, const char *body)
{
    static char lines[16 * 1024];
    SCOPED(buffer) struct buffer bearer = buffer_capped(sizeof lines);

    jwt_mint_bearer(&bearer, SECRET, claims);
    snprintf(lines, sizeof lines, "%sAuthorization: %s%s\r\n", before, bearer.data, behind);
    expect_answer(client, lines, status, body);
}

static const char *expiring_in(int seconds)
{
    static char claims[100];
    snprintf(claims, sizeof claims, "{\"exp\":%lld}", (long long)time(NULL) + seconds);
    return claims;
}

#define INVALID                                                                                    \
    "{\"code\":\"Unauthorized\",\"message\":\"security requirements failed: invalid token\"}"
#define BAD_FORMAT                                                                                 \
    "{\"code\":\"Unauthorized\",\"message\":\"security requirements failed: invalid "              \
    "authorization header format\"}"
#define FORBIDDEN "{\"code\":\"Forbidden\",\"message\":\"missing required scope: instance:read\"}"

static void a_signed_token_opens_what_its_permissions_say(void **state)
{
    struct program mock;
    struct http_client client;
    (void)state;

    write_secret(SECRET "\n", sizeof SECRET);
    start_mock(&mock);
    assert_true(http_client_open(&client, mock.urls[0]));
    expect_for_token(&client, "{}", "", "", 200, "[]\n");
    expect_for_token(&client, expiring_in(3600), "", "", 200, "[]\n");
    expect_for_token(&client, expiring_in(-1), "", "", 401, INVALID);
    expect_for_token(&client, "{\"permissions\":[\"instance:read\"]}", "", "", 200, "[]\n");
    expect_for_token(&client, "{\"permissions\":[\"image:read\"]}", "", "", 403, FORBIDDEN);
    expect_answer(&client, "Authorization: Bearer My API Key\r\n", 401, INVALID);
    http_client_close(&client);
    stop_mock(&mock);
}

static void the_header_is_read_as_a_go_server_reads_it(void **state)
{
    static const char bad[] = "Authorization: Bearer x\r\n";
    struct program mock;
    struct http_client client;
    (void)state;

    write_secret(SECRET, sizeof SECRET - 1);
    start_mock(&mock);
    assert_true(http_client_open(&client, mock.urls[0]));
    expect_for_token(&client, "{}", "", " \t ", 200, "[]\n"); /* AUTH-020 */
    expect_for_token(&client, "{}", "", " more", 401, INVALID);
    expect_for_token(&client, "{}", bad, "", 401, INVALID); /* AUTH-021 */
    expect_for_token(&client, "{}", "", "\r\nAuthorization: Bearer x", 200, "[]\n");
    expect_answer(&client, "Authorization: Bearer   \r\n", 401, BAD_FORMAT); /* AUTH-012 */
    http_client_close(&client);
    stop_mock(&mock);
}

static void a_token_may_be_as_large_as_the_headers_and_no_larger(void **state)
{
    static char claims[16 * 1024];
    static const char start[] = "{\"sub\":\"";
    struct program mock;
    struct http_client client;
    struct http_answer answer;
    (void)state;

    write_secret(SECRET "\r\n", sizeof SECRET + 1);
    start_mock(&mock);
    assert_true(http_client_open(&client, mock.urls[0]));
    memset(claims, 'x', 11000);
    memcpy(claims, start, sizeof start - 1);
    memcpy(claims + 11000, "\"}", 3);
    expect_for_token(&client, claims, "", "", 200, "[]\n");

    assert_true(http_client_send_text(
        &client, "GET /instances HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "));
    memset(claims, 'A', sizeof claims);
    assert_true(http_client_send(&client, claims, sizeof claims));
    assert_true(http_client_send_text(&client, "\r\n\r\n"));
    assert_true(http_client_read(&client, &answer));
    assert_int_equal(answer.status, 431);
    http_answer_free(&answer);
    http_client_close(&client);
    stop_mock(&mock);
}

/* What hypeman-mock mint-token prints for these flags, as a header line. */
static const char *minted_line(const char *const *flags)
{
    static char line[4096];
    const char *args[16] = { "mint-token", "--jwt-secret-file", secret_file };
    struct program mint;
    int output[2];

    for (size_t i = 0; flags[i] != NULL && i < ARRAY_LEN(args) - 4; i++)
        args[i + 3] = flags[i];
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_true(program_spawn_to(&mint, "hypeman-mock", args, output[1]));
    close(output[1]);
    assert_int_equal(program_wait(&mint), 0);
    assert_string_equal(mint.output, "");
    program_free(&mint);
    const int start = snprintf(line, sizeof line, "Authorization: Bearer ");
    const ssize_t len = read(output[0], line + start, sizeof line - (size_t)start - 2);
    close(output[0]);
    assert_true(len > 0 && line[start + len - 1] == '\n');
    memcpy(line + start + len - 1, "\r\n", 3);
    return line;
}

static void a_minted_token_is_worth_what_was_asked_for(void **state)
{
    static const struct {
        const char *flags[8];
        int status;
        const char *body;
    } rows[] = {
        { { "--subject", "ada" }, 200, "[]\n" },
        { { "--subject", "ada", "--scopes", "instance:read" }, 200, "[]\n" },
        { { "--subject", "ada", "--scopes", "image:read,instance:read" }, 200, "[]\n" },
        { { "--subject", "ada", "--scopes", "*", "--expires", "0" }, 200, "[]\n" },
        { { "--subject", "ada", "--scopes", "image:read,snapshot:write" }, 403, FORBIDDEN },
        { { "--subject", "ada", "--expires=-1h" }, 401, INVALID },
        { { "--subject", "ada", "--expires=-1ns" }, 401, INVALID },
    };
    struct program mock;
    struct http_client client;
    (void)state;

    write_secret(SECRET "\n", sizeof SECRET);
    start_mock(&mock);
    assert_true(http_client_open(&client, mock.urls[0]));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_answer(&client, minted_line(rows[i].flags), rows[i].status, rows[i].body);
    http_client_close(&client);
    stop_mock(&mock);
}

static void what_cannot_be_minted_is_told(void **state)
{
    static const struct {
        const char *args[8];
        const char *message;
    } rows[] = {
        { { "mint-token" }, "hypeman-mock mint-token: --subject is required (see --help)" },
        { { "mint-token", "--subject", "a" }, "--jwt-secret-file is required" },
        { { "mint-token", "--subject", "a", "--jwt-secret-file", "/no/such/file" },
          "--jwt-secret-file is of no use: cannot open /no/such/file: No such file or directory" },
        { { "mint-token", "--subject", "a", "--jwt-secret-file", secret_file, "--scopes",
            "instance:wirte" },
          "not \"instance:wirte\"; did you mean instance:write?" },
        { { "mint-token", "--subject", "builder-1", "--jwt-secret-file", secret_file },
          "--subject must not start with builder-" },
        { { "mint-token", "--subject", "a", "--jwt-secret-file", secret_file, "--expires", "1d" },
          "--expires must be a duration such as 30m, 24h or -1h, not \"1d\"" },
    };
    (void)state;

    write_secret(SECRET, sizeof SECRET - 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program mint;
        assert_true(program_spawn(&mint, "hypeman-mock", rows[i].args));
        assert_int_equal(program_wait(&mint), 2);
        if (strstr(mint.output, rows[i].message) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", rows[i].message, mint.output);
        program_free(&mint);
    }
}

static void flags_that_do_not_fit_together_are_told_at_the_start(void **state)
{
    enum { LONGEST = 64 * 1024 };
    static char large[LONGEST + 1];
    static const struct {
        const char *auth;
        const char *file; /* NULL: no flag; "": the test's */
        size_t len;       /* of the test's file            */
        const char *message;
    } cases[] = {
        { "jwt", NULL, 0, "--jwt-secret-file is required with --auth jwt" },
        { "any", "", 9, "--jwt-secret-file has a meaning with --auth jwt only" },
        { "off", "", 9, "--jwt-secret-file has a meaning with --auth jwt only" },
        { "jwt", "/no/such/file", 0,
          "--jwt-secret-file is of no use: cannot open /no/such/file: No such file or directory" },
        { "jwt", "/tmp", 0, "--jwt-secret-file is of no use: cannot read /tmp: Is a directory" },
        { "jwt", "", 0, " is empty" },
        { "jwt", "", 1, " is empty" }, /* a newline only */
        { "jwt", "", LONGEST + 1, " is larger than 65536 bytes" },
        { "JWT", "", 9, "--auth must be any, off or jwt, not \"JWT\"" },
    };
    (void)state;

    memset(large, '\n', sizeof large);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const given = cases[i].file;
        struct program mock;
        write_secret(large, cases[i].len);
        assert_true(program_spawn(
            &mock, "hypeman-mock",
            (const char *[]){ "--listen", "127.0.0.1:0", "--auth", cases[i].auth,
                              given == NULL ? NULL : "--jwt-secret-file",
                              given != NULL && given[0] == '\0' ? secret_file : given, NULL }));
        assert_int_equal(program_wait(&mock), 2);
        if (strstr(mock.output, cases[i].message) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", cases[i].message, mock.output);
        program_free(&mock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_token_opens_what_its_permissions_say),
        cmocka_unit_test(the_header_is_read_as_a_go_server_reads_it),
        cmocka_unit_test(a_token_may_be_as_large_as_the_headers_and_no_larger),
        cmocka_unit_test(a_minted_token_is_worth_what_was_asked_for),
        cmocka_unit_test(what_cannot_be_minted_is_told),
        cmocka_unit_test(flags_that_do_not_fit_together_are_told_at_the_start),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}

/* The way in when it is not plain text on a port: certificates, certificates of clients, their
 * replacement while serving, and sockets with a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/certificates.h"
#include "tests/support/gateway_rig.h"

static const struct text one_id = TEXT("\n\2s1");

/* ---- Helpers ------------------------------------------------------------------------------- */

/* A folder of its own for the files of one test. */
struct place {
    char folder[64];
    char cert[96];
    char key[96];
    char client_ca[96];
    char socket[96];
    struct arena memory;
};

static void write_file(const char *path, struct text bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
    close(fd);
}

static int given_a_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place->memory = arena_capped(1 << 20);
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/gateway-tls-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->cert, sizeof place->cert, "%s/cert.pem", place->folder);
    (void)snprintf(place->key, sizeof place->key, "%s/key.pem", place->folder);
    (void)snprintf(place->client_ca, sizeof place->client_ca, "%s/client-ca.pem", place->folder);
    (void)snprintf(place->socket, sizeof place->socket, "%s/socket", place->folder);
    *state = place;
    return 0;
}

static int clear_the_place(void **state)
{
    struct place *place = *state;
    unlink(place->cert);
    unlink(place->key);
    unlink(place->client_ca);
    unlink(place->socket);
    rmdir(place->folder);
    arena_fini(&place->memory);
    free(place);
    return 0;
}

static void write_pair(const struct place *place, const struct certificate *pair)
{
    write_file(place->cert, pair->certificate);
    write_file(place->key, pair->key);
}

static struct gateway_rig *start_with_tls(struct place *place, const struct certificate *pair)
{
    write_pair(place, pair);
    const char *flags[] = { "--tls-cert", place->cert, "--tls-key", place->key, NULL };
    return gateway_rig_start(flags);
}

static struct gateway_rig *start_with_client_ca(struct place *place, const struct certificate *pair,
                                                const struct certificate *client_ca)
{
    write_pair(place, pair);
    write_file(place->client_ca, client_ca->certificate);
    const char *flags[] = { "--tls-cert",      place->cert,      "--tls-key", place->key,
                            "--tls-client-ca", place->client_ca, NULL };
    return gateway_rig_start(flags);
}

static struct grpc_raw_call *begin(struct grpc_raw_channel *channel)
{
    return grpc_raw_start(
        channel, &(struct grpc_raw_request){ .path = "/hypeman.v1.SnapshotService/GetSnapshot",
                                             .message = one_id });
}

/* The code of a call over a connection of its own. */
static int code_of(struct grpc_raw_channel *channel)
{
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(begin(channel));
    grpc_raw_disconnect(channel);
    return reply.code;
}

static int call_trusting(struct gateway_rig *rig, const struct certificate *root)
{
    return code_of(
        grpc_raw_connect_tls(rig->target, &(struct grpc_raw_tls){ .roots = root->certificate }));
}

static int call_as(struct gateway_rig *rig, const struct certificate *root,
                   const struct certificate *client)
{
    return code_of(grpc_raw_connect_tls(rig->target,
                                        &(struct grpc_raw_tls){ .roots = root->certificate,
                                                                .certificate = client->certificate,
                                                                .key = client->key }));
}

/* The gateway ends with this status and these words. */
static void assert_refuses(const char *const *flags, int status, const char *says)
{
    const char *arguments[GATEWAY_FLAGS_MAX] = { "--listen", "127.0.0.1:0", "--upstream",
                                                 "http://127.0.0.1:1" };
    for (size_t i = 4; *flags != NULL; flags++, i++)
        arguments[i] = *flags;
    struct program program;
    assert_true(program_spawn(&program, "hypeman-gateway", arguments));
    int ended = program_wait(&program);
    if (ended != status || strstr(program.output, says) == NULL)
        fail_msg("expected status %d and \"%s\", got %d: %s", status, says, ended, program.output);
    program_free(&program);
}

/* ---- Certificates -------------------------------------------------------------------------- */

static void a_call_over_tls_is_served_and_plain_text_is_not(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    struct certificate other = certificate_make(&place->memory, "other", NULL);
    struct gateway_rig *rig = start_with_tls(place, &own);
    assert_true(text_starts_with(text_of(rig->program.urls[0]), TEXT("grpcs://127.0.0.1:")));
    assert_int_equal(call_trusting(rig, &own), RPC_OK);
    assert_int_equal(call_trusting(rig, &other), RPC_UNAVAILABLE);
    assert_int_equal(code_of(grpc_raw_connect(rig->target)), RPC_UNAVAILABLE);
    assert_int_equal(fake_upstream_request_count(rig->upstream), 1);
    gateway_rig_stop(rig);
}

static void the_certificates_behind_the_first_are_sent_too(void **state)
{
    struct place *place = *state;
    struct certificate root = certificate_make(&place->memory, "root", NULL);
    struct certificate middle = certificate_make(&place->memory, "middle", &root);
    struct certificate own = certificate_make(&place->memory, "gateway", &middle);
    struct certificate chain = own;
    chain.certificate = text_of(
        arena_printf(&place->memory, "%s%s", own.certificate.data, middle.certificate.data));
    struct gateway_rig *rig = start_with_tls(place, &chain);
    assert_int_equal(call_trusting(rig, &root), RPC_OK);
    gateway_rig_stop(rig);
}

static void with_a_client_ca_only_clients_with_its_certificates_are_served(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    struct certificate ca = certificate_make(&place->memory, "clients", NULL);
    struct certificate client = certificate_make(&place->memory, "client", &ca);
    struct certificate stranger = certificate_make(&place->memory, "client", NULL);
    struct gateway_rig *rig = start_with_client_ca(place, &own, &ca);
    assert_int_equal(call_trusting(rig, &own), RPC_UNAVAILABLE);
    assert_int_equal(call_as(rig, &own, &stranger), RPC_UNAVAILABLE);
    assert_int_equal(fake_upstream_request_count(rig->upstream), 0);
    assert_int_equal(call_as(rig, &own, &client), RPC_OK);
    gateway_rig_stop(rig);
}

static void what_cannot_be_used_stops_the_start_and_is_named(void **state)
{
    struct place *place = *state;
    struct arena *memory = &place->memory;
    struct certificate own = certificate_make(memory, "gateway", NULL);
    struct certificate other = certificate_make(memory, "other", NULL);
    struct text locked = certificate_locked_key(memory, &own);
    struct text half = { own.certificate.data, own.certificate.len / 2 };
    struct text half_chain =
        text_of(arena_printf(memory, "%s%.*s", own.certificate.data, (int)half.len, half.data));
    const struct text junk = TEXT("junk");
    const struct text none = TEXT("");
    const struct {
        struct text cert;
        struct text key;
        struct text client_ca;
        const char *flag;
        const char *path;
        const char *why;
    } cases[] = {
        { junk, own.key, own.certificate, "tls-cert", place->cert, "holds no certificate" },
        { none, own.key, own.certificate, "tls-cert", place->cert, "is empty" },
        { half, own.key, own.certificate, "tls-cert", place->cert, "cannot be used: bad end line" },
        { half_chain, own.key, own.certificate, "tls-cert", place->cert, "cannot be used" },
        { own.key, own.key, own.certificate, "tls-cert", place->cert, "holds no certificate" },
        { own.certificate, junk, own.certificate, "tls-key", place->key, "holds no private key" },
        { own.certificate, own.certificate, own.certificate, "tls-key", place->key,
          "holds no private key" },
        { own.certificate, locked, own.certificate, "tls-key", place->key,
          "is protected by a password" },
        { own.certificate, other.key, own.certificate, "tls-key", place->key,
          "does not belong to the certificate" },
        { own.certificate, own.key, junk, "tls-client-ca", place->client_ca,
          "holds no certificate" },
        { own.certificate, own.key, half, "tls-client-ca", place->client_ca, "cannot be used" },
    };
    const char *flags[] = { "--tls-cert",      place->cert,      "--tls-key", place->key,
                            "--tls-client-ca", place->client_ca, NULL };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        write_file(place->cert, cases[i].cert);
        write_file(place->key, cases[i].key);
        write_file(place->client_ca, cases[i].client_ca);
        assert_refuses(
            flags, 1,
            arena_printf(memory, "--%s: %s %s", cases[i].flag, cases[i].path, cases[i].why));
    }
}

static void a_file_that_cannot_be_read_stops_the_start_and_is_named(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    const char *flags[] = { "--tls-cert",      place->cert,      "--tls-key", place->key,
                            "--tls-client-ca", place->client_ca, NULL };
    const char *paths[] = { place->cert, place->key, place->client_ca };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        write_pair(place, &own);
        write_file(place->client_ca, own.certificate);
        unlink(paths[i]);
        assert_refuses(flags, 1,
                       arena_printf(&place->memory, "%s: cannot open %s: No such file",
                                    flags[2 * i], paths[i]));
    }
}

static void flags_that_need_each_other_are_a_mistake_alone(void **state)
{
    (void)state;
    const struct {
        const char *flags[5];
        const char *says;
    } cases[] = {
        { { "--tls-cert", "c" }, "--tls-cert needs --tls-key" },
        { { "--tls-key", "k" }, "--tls-key needs --tls-cert" },
        { { "--tls-client-ca", "a" }, "--tls-client-ca needs --tls-cert" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refuses(cases[i].flags, 2, cases[i].says);
}

static void a_certificate_that_has_ended_is_warned_about(void **state)
{
    struct place *place = *state;
    struct certificate ended = certificate_make_expired(&place->memory, "gateway");
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    struct gateway_rig *rig = start_with_tls(place, &ended);
    const char *warning =
        arena_printf(&place->memory, "warning: the certificate in %s has ended", place->cert);
    gateway_rig_wait_says(rig, warning, 1);
    write_pair(place, &own);
    kill(rig->program.pid, SIGHUP);
    gateway_rig_wait_says(rig, "hypeman-gateway: reloaded", 1);
    assert_int_equal(call_trusting(rig, &own), RPC_OK);
    gateway_rig_wait_says(rig, warning, 1);
    gateway_rig_stop(rig);
}

/* ---- Replacement --------------------------------------------------------------------------- */

static void after_sighup_new_connections_get_the_new_certificate(void **state)
{
    struct place *place = *state;
    struct certificate before = certificate_make(&place->memory, "before", NULL);
    struct certificate after = certificate_make(&place->memory, "after", NULL);
    struct gateway_rig *rig = start_with_tls(place, &before);
    struct grpc_raw_channel *open =
        grpc_raw_connect_tls(rig->target, &(struct grpc_raw_tls){ .roots = before.certificate });
    struct fake_reply held = http_answer(&rig->memory, 200, "", TEXT("{\"id\":\"s1\"}"));
    held.hold = true;
    fake_upstream_reply(rig->upstream, held);
    struct grpc_raw_call *in_flight = begin(open);
    assert_true(fake_upstream_wait_requests(rig->upstream, 1));

    write_pair(place, &after);
    assert_int_equal(call_trusting(rig, &before), RPC_OK); /* nobody has asked for it yet */
    kill(rig->program.pid, SIGHUP);
    gateway_rig_wait_says(rig, "reloaded", 1);
    assert_int_equal(call_trusting(rig, &after), RPC_OK);
    assert_int_equal(call_trusting(rig, &before), RPC_UNAVAILABLE);

    fake_upstream_release(rig->upstream, FAKE_ALL);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply survived = grpc_raw_finish(in_flight);
    assert_int_equal(survived.code, RPC_OK);
    assert_int_equal(code_of(open), RPC_OK); /* its connection, too */
    gateway_rig_stop(rig);
}

static void after_sighup_clients_of_the_new_ca_are_served(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    struct certificate before = certificate_make(&place->memory, "before", NULL);
    struct certificate after = certificate_make(&place->memory, "after", NULL);
    struct certificate old_client = certificate_make(&place->memory, "client", &before);
    struct certificate new_client = certificate_make(&place->memory, "client", &after);
    struct gateway_rig *rig = start_with_client_ca(place, &own, &before);
    assert_int_equal(call_as(rig, &own, &old_client), RPC_OK);
    assert_int_equal(call_as(rig, &own, &new_client), RPC_UNAVAILABLE);
    write_file(place->client_ca, after.certificate);
    kill(rig->program.pid, SIGHUP);
    gateway_rig_wait_says(rig, "reloaded", 1);
    assert_int_equal(call_as(rig, &own, &old_client), RPC_UNAVAILABLE);
    assert_int_equal(call_as(rig, &own, &new_client), RPC_OK);
    gateway_rig_stop(rig);
}

static void a_bad_file_leaves_the_certificate_as_it_was_and_is_named(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    struct certificate other = certificate_make(&place->memory, "other", NULL);
    struct gateway_rig *rig = start_with_tls(place, &own);

    write_file(place->key, other.key); /* the other half is still to come */
    kill(rig->program.pid, SIGHUP);
    gateway_rig_wait_says(
        rig, arena_printf(&rig->memory, "not reloaded: --tls-key: %s does not belong", place->key),
        1);
    assert_int_equal(call_trusting(rig, &own), RPC_OK);

    unlink(place->cert);
    kill(rig->program.pid, SIGHUP);
    gateway_rig_wait_says(rig, "not reloaded: --tls-cert: cannot open", 1);
    assert_int_equal(call_trusting(rig, &own), RPC_OK);

    write_pair(place, &other);
    kill(rig->program.pid, SIGHUP);
    gateway_rig_wait_says(rig, "hypeman-gateway: reloaded", 1);
    assert_int_equal(call_trusting(rig, &other), RPC_OK);
    gateway_rig_stop(rig);
}

/* ---- Sockets with a path ------------------------------------------------------------------- */

static struct gateway_rig *start_at_socket(struct place *place)
{
    const char *address = arena_printf(&place->memory, "unix:%s", place->socket);
    const char *flags[] = { "--listen", address, NULL };
    return gateway_rig_start(flags);
}

static void calls_come_through_a_unix_socket(void **state)
{
    struct place *place = *state;
    struct stat file;
    struct gateway_rig *rig = start_at_socket(place);
    assert_string_equal(rig->target, arena_printf(&place->memory, "unix:%s", place->socket));
    gateway_rig_assert_serves(rig);
    gateway_rig_stop(rig);
    assert_int_equal(lstat(place->socket, &file), -1); /* it has cleaned up */
}

static void a_unix_socket_can_have_tls_too(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    write_pair(place, &own);
    const char *address = arena_printf(&place->memory, "unix:%s", place->socket);
    const char *flags[] = { "--listen",  address,    "--tls-cert", place->cert,
                            "--tls-key", place->key, NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    assert_int_equal(call_trusting(rig, &own), RPC_OK);
    gateway_rig_stop(rig);
}

static void a_unix_socket_is_not_taken_from_a_program_that_serves_there(void **state)
{
    struct place *place = *state;
    struct gateway_rig *rig = start_at_socket(place);
    const char *flags[] = { "--listen", rig->target, NULL };
    assert_refuses(flags, 1, "another program serves there");
    gateway_rig_assert_serves(rig);
    gateway_rig_stop(rig);
}

static void a_unix_socket_whose_program_has_died_is_replaced(void **state)
{
    struct place *place = *state;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", place->socket);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    struct gateway_rig *rig = start_at_socket(place);
    gateway_rig_assert_serves(rig);
    gateway_rig_stop(rig);
}

static void a_path_that_cannot_be_served_stops_the_start(void **state)
{
    struct place *place = *state;
    const char *too_long = arena_printf(&place->memory, "unix:%s/%0100d", place->folder, 1);
    write_file(place->key, TEXT("a file of somebody's"));
    const struct {
        const char *address;
        const char *says;
    } cases[] = {
        { too_long, "1 to 107 bytes" },
        { "unix:", "1 to 107 bytes" },
        { "unix:/no/such/folder/socket", "cannot listen on unix:/no/such/folder/socket" },
        { arena_printf(&place->memory, "unix:%s", place->key), "no socket has this name" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refuses((const char *[]){ "--listen", cases[i].address, NULL }, 1, cases[i].says);
    assert_int_equal(access(place->key, F_OK), 0);
}

/* ---- The warning --------------------------------------------------------------------------- */

static void plain_text_beyond_this_machine_is_warned_about(void **state)
{
    struct place *place = *state;
    struct certificate own = certificate_make(&place->memory, "gateway", NULL);
    write_pair(place, &own);
    const char *path = arena_printf(&place->memory, "unix:%s", place->socket);
    const struct {
        const char *flags[7];
        bool warns;
    } cases[] = {
        { { "--listen", "127.0.0.1:0" }, false },
        { { "--listen", "127.9.9.9:0" }, false },
        { { "--listen", "localhost:0" }, false },
        { { "--listen", path }, false },
        { { "--listen", "0.0.0.0:0" }, true },
        { { "--listen", "0.0.0.0:0", "--tls-cert", place->cert, "--tls-key", place->key }, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct gateway_rig *rig = gateway_rig_start(cases[i].flags);
        assert_int_equal(program_stop(&rig->program, SIGTERM), 0);
        bool warned = strstr(rig->program.output, "warning: serving plain text on") != NULL;
        if (warned != cases[i].warns)
            fail_msg("%s: %s", cases[i].flags[1], rig->program.output);
        gateway_rig_stop(rig);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_place, clear_the_place)
    const struct CMUnitTest tests[] = {
        TEST(a_call_over_tls_is_served_and_plain_text_is_not),
        TEST(the_certificates_behind_the_first_are_sent_too),
        TEST(with_a_client_ca_only_clients_with_its_certificates_are_served),
        TEST(what_cannot_be_used_stops_the_start_and_is_named),
        TEST(a_file_that_cannot_be_read_stops_the_start_and_is_named),
        TEST(flags_that_need_each_other_are_a_mistake_alone),
        TEST(a_certificate_that_has_ended_is_warned_about),
        TEST(after_sighup_new_connections_get_the_new_certificate),
        TEST(after_sighup_clients_of_the_new_ca_are_served),
        TEST(a_bad_file_leaves_the_certificate_as_it_was_and_is_named),
        TEST(calls_come_through_a_unix_socket),
        TEST(a_unix_socket_can_have_tls_too),
        TEST(a_unix_socket_is_not_taken_from_a_program_that_serves_there),
        TEST(a_unix_socket_whose_program_has_died_is_replaced),
        TEST(a_path_that_cannot_be_served_stops_the_start),
        TEST(plain_text_beyond_this_machine_is_warned_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* accept4 in this program is the guard's, as it is in the gateway for C-core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/scope.h"
#include "common/env/env.h"
#include "gateway/rpc/accept_guard.h"

enum { CAP = 3, MANY = 20 };

struct scene {
    int listener;
    struct sockaddr_storage address;
    socklen_t address_len;
    int clients[MANY];
    size_t client_count;
    int accepted[MANY];
    size_t accepted_count;
    struct accept_counts before;
};

static void listen_at(struct scene *scene, const void *address, socklen_t len)
{
    const int family = ((const struct sockaddr *)address)->sa_family;
    scene->listener = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(scene->listener >= 0);
    assert_int_equal(bind(scene->listener, address, len), 0);
    assert_int_equal(listen(scene->listener, MANY), 0);
    scene->address_len = sizeof scene->address;
    assert_int_equal(
        getsockname(scene->listener, (struct sockaddr *)&scene->address, &scene->address_len), 0);
}

static struct scene *new_scene(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    accept_guard_set(CAP);
    scene->before = accept_guard_counts();
    return scene;
}

static int given_a_listener(void **state)
{
    const struct sockaddr_in any = { .sin_family = AF_INET,
                                     .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct scene *scene = new_scene();
    listen_at(scene, &any, sizeof any);
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < scene->client_count; i++)
        close(scene->clients[i]);
    for (size_t i = 0; i < scene->accepted_count; i++)
        close(scene->accepted[i]);
    close(scene->listener);
    accept_guard_exempt(-1);
    free(scene);
    return 0;
}

static int connect_one(struct scene *scene)
{
    assert_true(scene->client_count < MANY);
    const int fd = socket(scene->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&scene->address, scene->address_len), 0);
    scene->clients[scene->client_count++] = fd;
    return fd;
}

/* As C-core does: until the error. Returns how many came. */
static size_t accept_all(struct scene *scene)
{
    size_t count = 0;
    for (;;) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        const int fd = accept4(scene->listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
        if (fd < 0)
            return count;
        assert_true(scene->accepted_count < MANY);
        scene->accepted[scene->accepted_count++] = fd;
        count++;
    }
}

static void drop_accepted(struct scene *scene)
{
    close(scene->accepted[--scene->accepted_count]);
}

static void assert_turned_away(int client)
{
    struct pollfd readable = { .fd = client, .events = POLLIN };
    char byte;
    assert_int_equal(poll(&readable, 1, 10000), 1);
    assert_true(recv(client, &byte, 1, 0) <= 0);
}

static void assert_waits(int client)
{
    struct pollfd readable = { .fd = client, .events = POLLIN };
    assert_int_equal(poll(&readable, 1, 0), 0);
}

/* Until the guard counts anew. */
static void let_it_count(void)
{
    const int64_t until_ns = monotonic_now_ns() + 60 * NS_PER_MS;
    while (monotonic_now_ns() < until_ns)
        (void)poll(NULL, 0, 1);
}

static void connections_beyond_the_cap_are_closed_at_once(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < CAP; i++)
        connect_one(scene);
    assert_int_equal(accept_all(scene), CAP);
    const int fourth = connect_one(scene);
    const int fifth = connect_one(scene);
    assert_int_equal(accept_all(scene), 0);
    assert_int_equal(errno, EAGAIN);
    assert_turned_away(fourth);
    assert_turned_away(fifth);
    assert_waits(scene->clients[0]);
    const struct accept_counts now = accept_guard_counts();
    assert_int_equal(now.open, CAP);
    assert_int_equal(now.accepted - scene->before.accepted, CAP);
    assert_int_equal(now.refused - scene->before.refused, 2);
}

static void whoever_leaves_makes_room(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < CAP; i++)
        connect_one(scene);
    assert_int_equal(accept_all(scene), CAP);
    drop_accepted(scene);
    let_it_count();
    connect_one(scene);
    assert_int_equal(accept_all(scene), 1);
    assert_int_equal(accept_guard_counts().open, CAP);
}

static void a_unix_socket_is_counted_like_any_other(void **state)
{
    (void)state;
    struct scene *scene = new_scene();
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    (void)snprintf(at.sun_path, sizeof at.sun_path, "/tmp/accept-guard-%d", (int)getpid());
    unlink(at.sun_path);
    listen_at(scene, &at, sizeof at);
    for (int i = 0; i < CAP; i++)
        connect_one(scene);
    assert_int_equal(accept_all(scene), CAP);
    assert_int_equal(accept_guard_counts().open, CAP);
    assert_turned_away((connect_one(scene), accept_all(scene), scene->clients[CAP]));
    unlink(at.sun_path);
    void *finished = scene;
    end(&finished);
}

static void an_exempt_listener_is_left_alone(void **state)
{
    struct scene *scene = *state;
    accept_guard_exempt(scene->listener);
    for (int i = 0; i < CAP + 2; i++)
        connect_one(scene);
    assert_int_equal(accept_all(scene), CAP + 2);
    assert_int_equal(accept_guard_counts().accepted, scene->before.accepted);
}

/* No number below the limit is free any more. */
static void use_up_descriptors(struct rlimit *before)
{
    struct rlimit none;
    const int lowest_free = dup(0);
    assert_true(lowest_free >= 0);
    close(lowest_free);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    none = *before;
    none.rlim_cur = (rlim_t)lowest_free;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

/* C-core 1.51 would give the listener up. */
static void without_a_descriptor_those_who_wait_are_turned_away(void **state)
{
    struct scene *scene = *state;
    struct rlimit before;
    connect_one(scene);
    connect_one(scene);
    use_up_descriptors(&before);
    const size_t count = accept_all(scene);
    const int error = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(count, 0);
    assert_int_equal(error, EAGAIN);
    assert_turned_away(scene->clients[scene->client_count - 1]);
    assert_turned_away(scene->clients[scene->client_count - 2]);
    assert_int_equal(accept_guard_counts().refused - scene->before.refused, 2);

    connect_one(scene);
    assert_int_equal(accept_all(scene), 1);
}

/* The spare one's number is not below the limit either. */
static void when_not_even_the_spare_one_helps_they_wait(void **state)
{
    struct scene *scene = *state;
    struct rlimit before;
    connect_one(scene);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = { .rlim_cur = 0, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const size_t count = accept_all(scene);
    const int error = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(count, 0);
    assert_int_equal(error, EAGAIN);
    assert_int_equal(accept_all(scene), 1);
    without_a_descriptor_those_who_wait_are_turned_away(state); /* there is a spare one again */
}

static void an_error_of_the_listener_is_told(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(accept4(-1, NULL, NULL, 0), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(shutdown(scene->listener, SHUT_RD), 0);
    assert_int_equal(accept_all(scene), 0);
    assert_int_equal(errno, EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_listener, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connections_beyond_the_cap_are_closed_at_once),
        TEST(whoever_leaves_makes_room),
        cmocka_unit_test(a_unix_socket_is_counted_like_any_other),
        TEST(an_exempt_listener_is_left_alone),
        TEST(without_a_descriptor_those_who_wait_are_turned_away),
        TEST(when_not_even_the_spare_one_helps_they_wait),
        TEST(an_error_of_the_listener_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

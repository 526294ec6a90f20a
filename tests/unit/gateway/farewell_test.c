/* shutdown in this program is the farewell's, as it is in the gateway for C-core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/rpc/farewell.h"

static int listener = -1;
static struct sockaddr_in address = { .sin_family = AF_INET };

static int listen_somewhere(void **state)
{
    socklen_t len = sizeof address;
    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    farewell_begin(listener);
    return 0;
}

static int stop_listening(void **state)
{
    (void)state;
    return close(listener);
}

struct pair {
    int client;
    int server;
};

static struct pair connect_pair(void)
{
    struct pair pair = { .client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    assert_true(pair.client >= 0);
    assert_int_equal(connect(pair.client, (struct sockaddr *)&address, sizeof address), 0);
    pair.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(pair.server >= 0);
    return pair;
}

static void say(int fd, const char *words)
{
    assert_int_equal(send(fd, words, strlen(words), MSG_NOSIGNAL), (ssize_t)strlen(words));
}

/* As C-core does at the end. */
static void hang_up(struct pair *pair)
{
    assert_int_equal(shutdown(pair->server, SHUT_RDWR), 0);
    assert_int_equal(close(pair->server), 0);
}

static void what_was_sent_last_arrives_whatever_the_client_says_meanwhile(void **state)
{
    struct pair pair = connect_pair();
    char heard[16] = "";
    (void)state;
    say(pair.client, "nobody reads this");
    say(pair.server, "the answer");
    hang_up(&pair);
    say(pair.client, "nor this");
    assert_int_equal(recv(pair.client, heard, sizeof heard, MSG_WAITALL), 10);
    assert_string_equal(heard, "the answer");
    say(pair.client, "nor that");
    assert_int_equal(recv(pair.client, heard, sizeof heard, 0), 0);
    close(pair.client);
    assert_int_equal(farewell_wait(10000), 0);
}

static void a_client_that_stays_is_given_up(void **state)
{
    struct pair pair = connect_pair();
    (void)state;
    hang_up(&pair);
    assert_int_equal(farewell_wait(20), 1);
    close(pair.client);
    assert_int_equal(farewell_wait(10000), 0);
}

static void many_clients_are_waited_for(void **state)
{
    enum { MANY = 200 };
    struct pair pairs[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        pairs[i] = connect_pair();
        hang_up(&pairs[i]);
    }
    assert_int_equal(farewell_wait(0), MANY);
    for (int i = 0; i < MANY; i++)
        close(pairs[i].client);
    assert_int_equal(farewell_wait(10000), 0);
}

static void other_sockets_are_shut_down_as_ever(void **state)
{
    struct pair pair = connect_pair();
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(shutdown(ends[0], SHUT_RDWR), 0);
    assert_int_equal(recv(ends[0], &byte, 1, 0), 0);
    assert_int_equal(shutdown(pair.client, SHUT_RDWR), 0); /* not the accepted end */
    assert_int_equal(recv(pair.client, &byte, 1, 0), 0);
    assert_int_equal(shutdown(-1, SHUT_RDWR), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(farewell_wait(0), 0);
    close(ends[0]);
    close(ends[1]);
    close(pair.client);
    close(pair.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_last_arrives_whatever_the_client_says_meanwhile),
        cmocka_unit_test(a_client_that_stays_is_given_up),
        cmocka_unit_test(many_clients_are_waited_for),
        cmocka_unit_test(other_sockets_are_shut_down_as_ever),
    };
    return cmocka_run_group_tests(tests, listen_somewhere, stop_listening);
}

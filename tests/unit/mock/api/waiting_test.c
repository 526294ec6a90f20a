/* Answers that wait: who is looked at, when, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/waiting.h"
#include "mock/domain/instances.h"
#include "tests/unit/mock/api/api_fixture.h"

enum { MAX_BYTES = 1024, MOST = 4 };

/* What happened to the answers of a test, one letter each: the one's name when it was looked at,
 * '!' in front when it was ready. */
static struct {
    char text[64];
    size_t len;
} seen;

static void note(char c)
{
    assert_true(seen.len + 1 < sizeof seen.text);
    seen.text[seen.len++] = c;
    seen.text[seen.len] = '\0';
}

static void expect_seen(const char *expected)
{
    assert_string_equal(seen.text, expected);
    memset(&seen, 0, sizeof seen);
}

struct waiter {
    struct response res;
    struct arena arena;
    char name;
    int64_t ready_at_ns;
};

/* Sends its texts one by one, each when it is told. */
struct feed {
    const char *next; /* NULL: nothing for now */
    bool over;
    bool breaks;
    bool closed;
    int64_t *wake_at_ns; /* NULL: only a change of the world brings the next */
    int64_t due_ns;
};

struct rig {
    struct api_fixture *f;
    struct waiting waiting;
    struct waiter waiters[MOST];
    struct feed feed; /* of the first, when it is a stream; closed with it */
    int64_t start_ns;
};

static struct waiter *waiter_of(struct response *res)
{
    return (struct waiter *)((char *)res - offsetof(struct waiter, res));
}

static void on_ready(struct response *res)
{
    assert_false(res->waiting);
    note('!');
    note(waiter_of(res)->name);
}

static bool look(void *ctx, struct response *res, int64_t now_ns, bool last)
{
    struct waiter *waiter = ctx;

    note(waiter->name);
    if (last || now_ns >= waiter->ready_at_ns)
        return true;
    res->wake_at_ns = waiter->ready_at_ns;
    return false;
}

/* Waits from the start until ready_at, and is woken at wake_at. Both in seconds. */
static void add(struct rig *rig, size_t i, int64_t wake_at, int64_t ready_at)
{
    struct waiter *waiter = &rig->waiters[i];

    waiter->ready_at_ns = rig->start_ns + ready_at * NS_PER_SEC;
    waiter->res.wait = (struct response_wait){ look, waiter };
    waiter->res.wake_at_ns = rig->start_ns + wake_at * NS_PER_SEC;
    waiting_add(&rig->waiting, &waiter->res);
}

static void turn_at(struct rig *rig, int64_t second)
{
    rig->f->fake.now_ns = rig->start_ns + second * NS_PER_SEC;
    waiting_turn(&rig->waiting, on_ready);
}

static int setup(void **state)
{
    static struct rig rig;
    void *fixture;

    api_setup(&fixture);
    rig = (struct rig){ .f = fixture };
    rig.waiting = waiting_in(rig.f->world);
    rig.start_ns = rig.f->fake.now_ns;
    for (size_t i = 0; i < MOST; i++) {
        rig.waiters[i].arena = arena_capped(MAX_BYTES);
        rig.waiters[i].name = (char)('a' + i);
        response_init(&rig.waiters[i].res, &rig.waiters[i].arena, MAX_BYTES);
    }
    memset(&seen, 0, sizeof seen);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    void *fixture = rig->f;

    for (size_t i = 0; i < MOST; i++) {
        if (rig->waiters[i].res.waiting)
            waiting_remove(&rig->waiting, &rig->waiters[i].res);
        response_fini(&rig->waiters[i].res);
        arena_fini(&rig->waiters[i].arena);
    }
    assert_null(rig->waiting.first);
    assert_null(rig->waiting.last);
    return api_teardown(&fixture);
}

static void who_is_due_is_looked_at_in_order_of_time_and_then_of_arrival(void **state)
{
    struct rig *rig = *state;

    add(rig, 0, 9, 9);
    add(rig, 1, 5, 5);
    add(rig, 2, 7, 7);
    add(rig, 3, 5, 5);
    turn_at(rig, 4);
    expect_seen("");
    turn_at(rig, 8);
    expect_seen("b!bd!dc!c");
    turn_at(rig, 9);
    expect_seen("a!a");
}

static void who_must_go_on_waiting_is_woken_again(void **state)
{
    struct rig *rig = *state;

    add(rig, 0, 1, 3);
    add(rig, 1, 2, 2);
    turn_at(rig, 1);
    expect_seen("a");
    turn_at(rig, 3);
    expect_seen("b!ba!a");
}

static void a_change_of_the_world_makes_everybody_look_once(void **state)
{
    struct rig *rig = *state;

    add(rig, 0, 20, 20);
    add(rig, 1, 10, 3);
    turn_at(rig, 1);
    expect_seen("");
    post(rig->f, "/instances", "{\"name\":\"a\",\"image\":\"alpine\"}");
    turn_at(rig, 3);
    expect_seen("b!ba");
    turn_at(rig, 4);
    expect_seen("");
    assert_int_equal(waiting_pause_ns(&rig->waiting), 16 * NS_PER_SEC);
}

static void who_left_is_not_looked_at(void **state)
{
    struct rig *rig = *state;

    add(rig, 0, 1, 1);
    add(rig, 1, 1, 1);
    add(rig, 2, 1, 1);
    waiting_remove(&rig->waiting, &rig->waiters[1].res);
    waiting_remove(&rig->waiting, &rig->waiters[0].res);
    turn_at(rig, 1);
    expect_seen("c!c");
}

static void at_the_end_everybody_must_answer(void **state)
{
    struct rig *rig = *state;

    add(rig, 0, 20, 20);
    add(rig, 1, 10, 10);
    rig->waiting.ending = true;
    turn_at(rig, 0);
    expect_seen("b!ba!a");
}

static void the_pause_lasts_until_the_first_wakes(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(waiting_pause_ns(&rig->waiting), INT64_MAX);
    add(rig, 0, 9, 9);
    add(rig, 1, 5, 5);
    assert_int_equal(waiting_pause_ns(&rig->waiting), 5 * NS_PER_SEC);
    rig->f->fake.now_ns += 6 * NS_PER_SEC;
    assert_int_equal(waiting_pause_ns(&rig->waiting), 0);
    waiting_remove(&rig->waiting, &rig->waiters[0].res);
    waiting_remove(&rig->waiting, &rig->waiters[1].res);
    assert_int_equal(waiting_pause_ns(&rig->waiting), INT64_MAX);
}

static void what_lacks_memory_is_tried_again_a_little_later(void **state)
{
    struct rig *rig = *state;
    struct fake_env *fake = &rig->f->fake;
    const struct instance_filter everything = { .by_state = false };
    struct instance_cursor list; /* makes a removal need memory */

    post(rig->f, "/instances", "{\"name\":\"a\",\"image\":\"alpine\",\"ttl\":\"1s\"}");
    expect_status(rig->f, 201);
    assert_int_equal(waiting_pause_ns(&rig->waiting), 60 * NS_PER_SEC); /* the next sweep */
    instance_cursor_open(&list, rig->f->world, &everything);
    fake->allowed = 0;
    turn_at(rig, 60);
    assert_int_equal(world_instance_count(rig->f->world), 1);
    assert_int_equal(waiting_pause_ns(&rig->waiting), 10 * NS_PER_MS);
    fake->allowed = FAKE_ENV_NEVER_FAILS;
    turn_at(rig, 60);
    assert_int_equal(world_instance_count(rig->f->world), 0);
    assert_int_equal(waiting_pause_ns(&rig->waiting), INT64_MAX);
    instance_cursor_close(&list);
}

/* --- streams ----------------------------------------------------------------------------- */

static bool next_piece(void *ctx, struct buffer *out, bool *done)
{
    struct feed *feed = ctx;

    if (feed->next != NULL)
        buffer_append_cstr(out, feed->next);
    feed->next = NULL;
    if (feed->wake_at_ns != NULL)
        *feed->wake_at_ns = feed->due_ns;
    *done = feed->over;
    return !feed->breaks;
}

static void close_feed(void *ctx)
{
    ((struct feed *)ctx)->closed = true;
}

static struct response *given_stream(struct rig *rig)
{
    struct response *res = &rig->waiters[0].res;

    res->stream =
        (struct response_stream){ .next = next_piece, .close = close_feed, .ctx = &rig->feed };
    assert_true(response_must_wait(res));
    assert_int_equal(res->wake_at_ns, INT64_MAX);
    waiting_add(&rig->waiting, res);
    return res;
}

static void change_the_world(struct rig *rig)
{
    post(rig->f, "/instances", "{\"image\":\"alpine\",\"name\":\"other\"}");
    expect_status(rig->f, 201);
    send_request(rig->f, HTTP_DELETE, "/instances/other", NULL);
    expect_status(rig->f, 204);
}

static void a_stream_waits_for_its_first_piece_and_between_two(void **state) /* INST-LOG-013 */
{
    struct rig *rig = *state;
    struct response *res = given_stream(rig);

    change_the_world(rig);
    turn_at(rig, 1);
    expect_seen("");
    assert_true(res->waiting);

    static const char *const pieces[] = { "one", "two" };
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        rig->feed.next = pieces[i];
        turn_at(rig, 2); /* the world does not know of it yet */
        expect_seen("");
        change_the_world(rig);
        turn_at(rig, 2);
        expect_seen("!a");
        assert_true(text_equal_cstr(buffer_text(&res->body), pieces[i]));
        assert_false(response_pull(res));
        waiting_add(&rig->waiting, res);
    }
    rig->feed.over = true;
    change_the_world(rig);
    turn_at(rig, 3);
    expect_seen("!a");
    assert_true(res->stream.ended);
    assert_int_equal(res->body.len, 0);
    response_close_stream(res);
    assert_true(rig->feed.closed);
}

static void a_stream_with_nothing_to_send_ends_at_the_end(void **state)
{
    struct rig *rig = *state;
    const struct response *res = given_stream(rig);

    rig->waiting.ending = true;
    turn_at(rig, 0);
    expect_seen("!a");
    assert_true(res->stream.ended);
    assert_false(res->stream.broken);
}

static void a_stream_that_breaks_is_ready_to_be_broken_off(void **state)
{
    struct rig *rig = *state;
    const struct response *res = given_stream(rig);

    rig->feed.breaks = true;
    change_the_world(rig);
    turn_at(rig, 0);
    expect_seen("!a");
    assert_true(res->stream.broken);
}

static void a_stream_that_saw_the_clock_set_back_goes_on_waiting(void **state)
{
    struct rig *rig = *state;
    struct response *res = given_stream(rig);

    rig->feed.wake_at_ns = &res->wake_at_ns;
    rig->feed.due_ns = rig->start_ns + 5 * NS_PER_SEC;
    change_the_world(rig);
    turn_at(rig, 9); /* for the turn the time it is due has passed */
    expect_seen("");
    assert_true(res->waiting);
    rig->feed.next = "one";
    turn_at(rig, 10);
    expect_seen("!a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(who_is_due_is_looked_at_in_order_of_time_and_then_of_arrival),
        TEST(who_must_go_on_waiting_is_woken_again),
        TEST(a_change_of_the_world_makes_everybody_look_once),
        TEST(who_left_is_not_looked_at),
        TEST(at_the_end_everybody_must_answer),
        TEST(the_pause_lasts_until_the_first_wakes),
        TEST(what_lacks_memory_is_tried_again_a_little_later),
        TEST(a_stream_waits_for_its_first_piece_and_between_two),
        TEST(a_stream_with_nothing_to_send_ends_at_the_end),
        TEST(a_stream_that_breaks_is_ready_to_be_broken_off),
        TEST(a_stream_that_saw_the_clock_set_back_goes_on_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

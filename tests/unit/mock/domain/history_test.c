#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/history.h"
#include "tests/support/fake_env.h"

struct told {
    struct fake_env fake;
    const struct history *history;
};

static void tell(struct told *t, struct history_event event)
{
    const struct history *next = history_add(&t->fake.env.mem, t->history, event);
    assert_non_null(next);
    history_release(&t->fake.env.mem, t->history);
    t->history = next;
}

static void begin(struct told *t)
{
    t->history = NULL;
    fake_env_init(&t->fake);
}

static void forget(struct told *t)
{
    history_release(&t->fake.env.mem, t->history);
    assert_int_equal(t->fake.live_blocks, 0);
}

static void events_are_listed_oldest_first_and_numbered(void **state)
{
    const struct history_event *events[HISTORY_MAX];
    struct told t;
    (void)state;

    begin(&t);
    tell(&t, (struct history_event){ .kind = HISTORY_CREATED, .number = 77 });
    tell(&t, (struct history_event){ .kind = HISTORY_STOPPED });
    assert_int_equal(history_list(t.history, events), 2);
    assert_int_equal(events[0]->kind, HISTORY_CREATED);
    assert_int_equal(events[0]->number, 1);
    assert_int_equal(events[1]->kind, HISTORY_STOPPED);
    assert_int_equal(events[1]->number, 2);
    assert_int_equal(history_list(NULL, events), 0);
    forget(&t);
}

static void of_captures_in_a_row_the_last_is_kept_under_a_number_of_its_own(void **state)
{
    const struct history_event *events[HISTORY_MAX];
    struct told t;
    (void)state;

    begin(&t);
    tell(&t, (struct history_event){ .kind = HISTORY_CREATED });
    for (int64_t i = 1; i <= 5; i++)
        tell(&t, (struct history_event){ .kind = HISTORY_CAPTURED, .at_ns = i });
    assert_int_equal(history_list(t.history, events), 2);
    assert_int_equal(events[1]->at_ns, 5);
    assert_int_equal(events[1]->number, 6);
    forget(&t);
}

static void a_full_list_forgets_its_older_half_but_for_the_landmarks(void **state)
{
    enum { BOOT = 3, RESTORATION = 5, START = 7 }; /* numbers */
    const struct history_event *events[HISTORY_MAX];
    struct told t;
    (void)state;

    begin(&t);
    tell(&t, (struct history_event){ .kind = HISTORY_CREATED, .start = HISTORY_COLD_START });
    tell(&t, (struct history_event){ .kind = HISTORY_STOPPED });
    tell(&t, (struct history_event){ .kind = HISTORY_STARTED, .start = HISTORY_COLD_START });
    tell(&t, (struct history_event){ .kind = HISTORY_STANDBY });
    tell(&t, (struct history_event){ .kind = HISTORY_RESTORED });
    tell(&t, (struct history_event){ .kind = HISTORY_UPDATED });
    tell(&t, (struct history_event){ .kind = HISTORY_RESUMED, .start = HISTORY_RESUMED_START });
    for (size_t i = 7; i < HISTORY_MAX; i++)
        tell(&t, (struct history_event){ .kind = HISTORY_UPDATED });
    assert_int_equal(history_list(t.history, events), HISTORY_MAX);

    tell(&t, (struct history_event){ .kind = HISTORY_UPDATED });
    assert_int_equal(history_list(t.history, events), 3 + HISTORY_MAX / 2 + 1);
    assert_int_equal(events[0]->number, BOOT);
    assert_int_equal(events[1]->number, RESTORATION);
    assert_int_equal(events[2]->number, START);
    assert_int_equal(events[3]->number, HISTORY_MAX / 2 + 1);
    assert_int_equal(t.history->event.number, HISTORY_MAX + 1);
    forget(&t);
}

static void landmarks_do_not_pile_up(void **state)
{
    struct told t;
    (void)state;

    begin(&t);
    for (size_t i = 0; i < 10 * HISTORY_MAX; i++) {
        tell(&t, (struct history_event){ .kind = HISTORY_RESUMED, .start = HISTORY_RESUMED_START });
        assert_in_range(t.history->count, 1, HISTORY_MAX);
    }
    assert_int_equal(t.history->event.number, 10 * HISTORY_MAX);
    forget(&t);
}

static void no_allocation_that_fails_leaves_a_trace(void **state)
{
    struct told t;
    const struct history *next = NULL;
    (void)state;

    begin(&t);
    for (size_t i = 0; i < HISTORY_MAX; i++)
        tell(&t, (struct history_event){ .kind = HISTORY_UPDATED });
    const size_t blocks = t.fake.live_blocks;
    for (size_t allowed = 0; next == NULL; allowed++) {
        t.fake.allowed = allowed;
        next = history_add(&t.fake.env.mem, t.history,
                           (struct history_event){ .kind = HISTORY_STOPPED });
        assert_true(next != NULL || t.fake.live_blocks == blocks);
    }
    assert_int_equal(t.history->count, HISTORY_MAX); /* the list it was made from is whole */
    history_release(&t.fake.env.mem, next);
    forget(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_listed_oldest_first_and_numbered),
        cmocka_unit_test(of_captures_in_a_row_the_last_is_kept_under_a_number_of_its_own),
        cmocka_unit_test(a_full_list_forgets_its_older_half_but_for_the_landmarks),
        cmocka_unit_test(landmarks_do_not_pile_up),
        cmocka_unit_test(no_allocation_that_fails_leaves_a_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "mock/api/waiting.h"

#include <assert.h>

#include "common/env/env.h"

/* What the world could not do for lack of memory is tried again after this long. */
#define RETRY_NS (10 * NS_PER_MS)

struct waiting waiting_in(struct world *world)
{
    return (struct waiting){ .world = world };
}

void waiting_add(struct waiting *waiting, struct response *res)
{
    struct response *before = waiting->last;

    assert(!res->waiting);
    /* From the end: who comes later mostly waits longer. */
    while (before != NULL && before->wake_at_ns > res->wake_at_ns)
        before = before->before;
    res->waiting = true;
    res->before = before;
    res->after = before == NULL ? waiting->first : before->after;
    *(before == NULL ? &waiting->first : &before->after) = res;
    *(res->after == NULL ? &waiting->last : &res->after->before) = res;
}

void waiting_remove(struct waiting *waiting, struct response *res)
{
    assert(res->waiting);
    *(res->before == NULL ? &waiting->first : &res->before->after) = res->after;
    *(res->after == NULL ? &waiting->last : &res->after->before) = res->before;
    res->waiting = false;
}

/* Whether the answer, or its next piece, is there. */
static bool look(const struct waiting *waiting, struct response *res, int64_t now_ns)
{
    if (res->wait.again != NULL) {
        if (!res->wait.again(res->wait.ctx, res, now_ns, waiting->ending))
            return false;
        res->wait = (struct response_wait){ 0 };
        response_check_size(res);
    }
    if (!response_must_wait(res))
        return true;
    /* A stream reads the clock itself, which may have been set back since now_ns. */
    if (res->wake_at_ns <= now_ns)
        res->wake_at_ns = now_ns + 1;
    res->stream.ended = waiting->ending;
    return waiting->ending;
}

void waiting_turn(struct waiting *waiting, void (*ready)(struct response *res))
{
    world_advance(waiting->world);
    const int64_t now_ns = world_now_ns(waiting->world);
    const uint64_t revision = world_revision(waiting->world);
    const bool all = waiting->ending || waiting->stale || revision != waiting->seen_revision;

    /* Who goes on waiting is sorted in anew, by a time that is still to come. */
    struct waiting rest = *waiting;
    if (all)
        waiting->first = waiting->last = NULL;
    struct waiting *from = all ? &rest : waiting;
    for (struct response *res = from->first; res != NULL && (all || res->wake_at_ns <= now_ns);
         res = from->first) {
        waiting_remove(from, res);
        if (look(waiting, res, now_ns)) {
            ready(res);
            continue;
        }
        assert(!waiting->ending && res->wake_at_ns > now_ns);
        waiting_add(waiting, res);
    }
    waiting->seen_revision = revision;
    waiting->stale = false;
    waiting->turned_ns = now_ns;
}

int64_t waiting_due_ns(const struct waiting *waiting)
{
    const int64_t event_ns = world_next_event_ns(waiting->world);
    const int64_t wake_ns = waiting->first == NULL ? INT64_MAX : waiting->first->wake_at_ns;

    return event_ns < wake_ns ? event_ns : wake_ns;
}

bool waiting_is_behind(const struct waiting *waiting)
{
    return waiting_due_ns(waiting) <= waiting->turned_ns;
}

bool waiting_has_waits(const struct waiting *waiting)
{
    for (const struct response *res = waiting->first; res != NULL; res = res->after) {
        if ((res->wait.again != NULL || res->stream.paced) && res->wake_at_ns != INT64_MAX)
            return true;
    }
    return false;
}

int64_t waiting_pause_ns(const struct waiting *waiting)
{
    const int64_t due_ns = waiting_due_ns(waiting);

    if (due_ns == INT64_MAX)
        return INT64_MAX;
    if (due_ns <= waiting->turned_ns)
        return RETRY_NS;
    const int64_t now_ns = world_now_ns(waiting->world);
    return due_ns > now_ns ? due_ns - now_ns : 0;
}

#include "mock/domain/history.h"

#include <assert.h>

#include "mock/domain/record.h"

const char *history_kind_name(enum history_kind kind)
{
    static const char *const names[] = {
        [HISTORY_CREATED] = "created",   [HISTORY_FORKED] = "forked",
        [HISTORY_STARTED] = "started",   [HISTORY_RESTARTED] = "restarted",
        [HISTORY_RESUMED] = "resumed",   [HISTORY_STANDBY] = "standby",
        [HISTORY_STOPPED] = "stopped",   [HISTORY_AUTO_STANDBY] = "auto_standby",
        [HISTORY_EXITED] = "exited",     [HISTORY_CAPTURED] = "captured",
        [HISTORY_COPIED] = "copied",     [HISTORY_RESTORED] = "restored",
        [HISTORY_UPDATED] = "updated",   [HISTORY_ATTACHED] = "attached",
        [HISTORY_DETACHED] = "detached", [HISTORY_FORCED] = "forced",
    };
    static_assert(ARRAY_LEN(names) == HISTORY_KIND_COUNT, "one name per kind");
    return names[kind];
}

const char *history_start_name(enum history_start start)
{
    static const char *const names[] = {
        [HISTORY_NO_START] = "", [HISTORY_COLD_START] = "cold", [HISTORY_RESUMED_START] = "resumed"
    };
    return names[start];
}

/* On top of `before`, whose reference is consumed. */
static const struct history *add(const struct mem *mem, const struct history *before,
                                 struct history_event event)
{
    struct history *history = mem_alloc(mem, sizeof *history);
    if (history == NULL) {
        history_release(mem, before);
        return NULL;
    }
    *history = (struct history){
        .refs = 1,
        .count = before == NULL ? 1 : before->count + 1,
        .before = before,
        .event = event,
    };
    return history;
}

static unsigned landmarks_of(const struct history_event *event)
{
    enum { A_BOOT = 1, A_START = 2, A_RESTORATION = 4 };
    return (event->start == HISTORY_COLD_START ? A_BOOT : 0U) |
           (event->start != HISTORY_NO_START ? A_START : 0U) |
           (event->kind == HISTORY_RESTORED ? A_RESTORATION : 0U);
}

/* A list of its own of the newer half, on top of the last landmarks; NULL when out of memory. */
static const struct history *newer_half(const struct mem *mem, const struct history *full)
{
    const struct history_event *events[HISTORY_MAX];
    bool kept[HISTORY_MAX];
    size_t count = history_list(full, events);
    unsigned seen = 0;
    for (size_t i = count; i-- > 0;) {
        unsigned landmarks = landmarks_of(events[i]);
        kept[i] = i >= count / 2 || (landmarks & ~seen) != 0;
        seen |= landmarks;
    }
    const struct history *half = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!kept[i])
            continue;
        half = add(mem, half, *events[i]);
        if (half == NULL)
            return NULL;
    }
    return half;
}

const struct history *history_add(const struct mem *mem, const struct history *before,
                                  struct history_event event)
{
    event.number = before == NULL ? 1 : before->event.number + 1;
    /* One of many captures says it all, and a source may have a million. */
    if (before != NULL && event.kind == HISTORY_CAPTURED && before->event.kind == HISTORY_CAPTURED)
        before = before->before;
    if (before == NULL || before->count < HISTORY_MAX) {
        history_retain(before);
        return add(mem, before, event);
    }
    const struct history *half = newer_half(mem, before);
    return half == NULL ? NULL : add(mem, half, event);
}

const struct history *history_restore(const struct mem *mem, const struct history *before,
                                      struct history_event event)
{
    history_retain(before);
    return add(mem, before, event);
}

const struct history *history_end_boot(const struct mem *mem, const struct history *history,
                                       int64_t until_ns)
{
    const struct history *later[HISTORY_MAX];
    const struct history *boot = history;
    size_t count = 0;
    for (; boot != NULL && boot->event.start != HISTORY_COLD_START; boot = boot->before)
        later[count++] = boot;
    if (boot == NULL) {
        history_retain(history);
        return history;
    }
    struct history_event event = boot->event;
    event.until_ns = until_ns;
    const struct history *ended = history_restore(mem, boot->before, event);
    while (ended != NULL && count > 0)
        ended = add(mem, ended, later[--count]->event);
    return ended;
}

void history_retain(const struct history *history)
{
    if (history != NULL)
        record_retain(&history->refs);
}

void history_release(const struct mem *mem, const struct history *history)
{
    while (history != NULL && record_release(&history->refs)) {
        const struct history *before = history->before;
        mem_free(mem, record_memory(history));
        history = before;
    }
}

size_t history_list(const struct history *history, const struct history_event *out[HISTORY_MAX])
{
    size_t count = history == NULL ? 0 : history->count;
    for (size_t i = count; i > 0; history = history->before)
        out[--i] = &history->event;
    return count;
}

#include "mock/domain/schedule_policy.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "common/base/checked.h"
#include "common/env/env.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_of(struct text t)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < t.len; i++)
        hash = (hash ^ (uint8_t)t.data[i]) * UINT64_C(1099511628211);
    return hash;
}

static int64_t jitter_ns(struct text instance_id, int64_t interval_ns)
{
    const int64_t five_minutes_ns = 5 * 60 * NS_PER_SEC;
    int64_t limit_ns = interval_ns / 10;
    if (limit_ns > five_minutes_ns)
        limit_ns = five_minutes_ns;
    return (int64_t)(hash_of(instance_id) % (uint64_t)limit_ns);
}

int64_t schedule_first_run_ns(struct text instance_id, int64_t interval_ns, int64_t set_at_ns)
{
    return i64_add_capped(i64_add_capped(set_at_ns, interval_ns),
                          jitter_ns(instance_id, interval_ns));
}

int64_t schedule_following_run_ns(int64_t due_ns, int64_t interval_ns, int64_t run_ns)
{
    int64_t since_last_slot_ns = (run_ns - due_ns) % interval_ns;
    return i64_add_capped(run_ns - since_last_slot_ns, interval_ns);
}

struct schedule_name schedule_snapshot_name(struct text prefix, int64_t run_ns)
{
    struct schedule_name name;
    const time_t seconds = (time_t)(run_ns / NS_PER_SEC);
    char second[32];
    struct tm utc;
    if (prefix.len == 0)
        prefix = TEXT("scheduled");
    gmtime_r(&seconds, &utc);
    strftime(second, sizeof second, "%Y%m%d-%H%M%S", &utc);
    int len = snprintf(name.text, sizeof name.text, TEXT_FMT "-%s", TEXT_ARGS(prefix), second);
    assert(len < (int)sizeof name.text);
    return name;
}

struct pair_list schedule_marks(struct text instance_id, struct pair marks[SCHEDULE_MARKS])
{
    marks[0] = (struct pair){ TEXT("hypeman.schedule_instance_id"), instance_id };
    marks[1] = (struct pair){ TEXT("hypeman.scheduled"), TEXT("true") };
    return (struct pair_list){ marks, SCHEDULE_MARKS };
}

struct pair_list schedule_tags(const struct schedule *schedule, struct pair tags[SCHEDULE_TAGS_MAX])
{
    const struct pair_list marks = schedule_marks(schedule->instance_id, tags);
    size_t count = marks.count;
    assert(schedule->metadata.count <= TAGS_MAX);
    for (size_t i = 0; i < schedule->metadata.count; i++) {
        const struct pair *own = &schedule->metadata.items[i];
        if (pairs_find(marks, own->key) == NULL)
            tags[count++] = *own;
    }
    pairs_sort(tags, count);
    return (struct pair_list){ tags, count };
}

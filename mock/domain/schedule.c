#include "mock/domain/schedule.h"

#include "mock/domain/pack.h"
#include "mock/domain/record.h"

static void pack_contents(struct pack *pack, struct schedule *schedule)
{
    schedule->metadata = pack_pair_list(pack, schedule->metadata);
    schedule->instance_id = pack_text(pack, schedule->instance_id);
    schedule->name_prefix = pack_text(pack, schedule->name_prefix);
    schedule->last_snapshot_id = pack_text(pack, schedule->last_snapshot_id);
    schedule->last_error = pack_text(pack, schedule->last_error);
}

const struct schedule *schedule_new(const struct mem *mem, const struct schedule *from)
{
    struct pack pack = { .base = NULL, .used = sizeof *from };
    struct schedule schedule = *from;
    pack_contents(&pack, &schedule);

    struct schedule *stored = mem_alloc(mem, pack.used);
    if (stored == NULL)
        return NULL;
    pack = (struct pack){ .base = (char *)stored, .used = sizeof *from };
    schedule = *from;
    schedule.refs = 1;
    pack_contents(&pack, &schedule);
    *stored = schedule;
    return stored;
}

void schedule_retain(const struct schedule *schedule)
{
    record_retain(&schedule->refs);
}

void schedule_release(const struct mem *mem, const struct schedule *schedule)
{
    if (schedule != NULL && record_release(&schedule->refs))
        mem_free(mem, record_memory(schedule));
}

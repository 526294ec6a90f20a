#include "mock/domain/snapshot_record.h"

#include "common/base/checked.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/pack.h"
#include "mock/domain/record.h"

static_assert(sizeof(struct snapshot) <= 176, "a world may hold a million: keep it small");

static void pack_contents(struct pack *pack, struct snapshot *snapshot)
{
    snapshot->tags = pack_pair_list(pack, snapshot->tags);
    snapshot->id = pack_text(pack, snapshot->id);
    snapshot->name = pack_text(pack, snapshot->name);
    snapshot->compression_error = pack_text(pack, snapshot->compression_error);
}

const struct snapshot *snapshot_new(const struct mem *mem, const struct snapshot *from)
{
    struct pack pack = { .base = NULL, .used = sizeof *from };
    struct snapshot snapshot = *from;
    pack_contents(&pack, &snapshot);

    struct snapshot *stored = mem_alloc(mem, pack.used);
    if (stored == NULL)
        return NULL;
    pack = (struct pack){ .base = (char *)stored, .used = sizeof *from };
    snapshot = *from;
    snapshot.refs = 1;
    pack_contents(&pack, &snapshot);
    *stored = snapshot;
    instance_retain(stored->source);
    return stored;
}

const struct snapshot *snapshot_new_uncompressed(const struct mem *mem, const struct snapshot *from)
{
    struct snapshot edited = *from;
    edited.compression_state = COMPRESSION_STATE_NONE;
    edited.compressed_at_ns = 0;
    edited.compression_error = TEXT("");
    return snapshot_new(mem, &edited);
}

void snapshot_retain(const struct snapshot *snapshot)
{
    record_retain(&snapshot->refs);
}

void snapshot_release(const struct mem *mem, const struct snapshot *snapshot)
{
    if (snapshot == NULL || !record_release(&snapshot->refs))
        return;
    instance_release(mem, snapshot->source);
    mem_free(mem, record_memory(snapshot));
}

static int64_t in_pages(int64_t bytes)
{
    enum { PAGE = 4096 };
    return bytes % PAGE == 0 ? bytes : i64_add_capped(bytes, PAGE - bytes % PAGE);
}

int64_t snapshot_captured_bytes(enum snapshot_kind kind, const struct instance_config *source)
{
    enum { CONFIG_DISK = 10485760, METADATA = 4096, DEVICE_STATE = 65536 };

    int64_t bytes = i64_add_capped(in_pages(source->overlay_bytes), CONFIG_DISK + METADATA);
    for (size_t i = 0; i < source->volume_count; i++) {
        if (source->volumes[i].overlay)
            bytes = i64_add_capped(bytes, in_pages(source->volumes[i].overlay_bytes));
    }
    if (kind == SNAPSHOT_STANDBY)
        bytes = i64_add_capped(bytes, i64_add_capped(source->size_bytes, DEVICE_STATE));
    return bytes;
}

#include "mock/domain/volumes.h"

#include <string.h>

#include "mock/domain/world_state.h"

enum { DISKS_MAX = 23 };

int64_t volumes_disk_count(const struct volume_attachment *volumes, size_t count)
{
    int64_t disks = 0;
    for (size_t i = 0; i < count; i++)
        disks += volumes[i].overlay ? 2 : 1;
    return disks;
}

/* --- mount paths ------------------------------------------------------------------------- */

static void drop_last_part(char *out, size_t *len)
{
    while (*len > 0 && out[--*len] != '/')
        ;
}

struct text volumes_clean_path(struct text path, char *out)
{
    size_t len = 0;
    for (struct text rest = path; rest.data != NULL;) {
        struct text part = text_split(&rest, '/');
        if (part.len == 0 || text_equal_cstr(part, "."))
            continue;
        if (text_equal_cstr(part, "..")) {
            drop_last_part(out, &len);
            continue;
        }
        out[len++] = '/';
        memcpy(out + len, part.data, part.len);
        len += part.len;
    }
    return (struct text){ out, len };
}

static bool is_reserved(struct text path)
{
    static const char *const reserved[] = {
        "/bin",  "/boot", "/dev",  "/etc", "/lib", "/lib64", "/proc",
        "/root", "/run",  "/sbin", "/sys", "/tmp", "/usr",   "/var",
    };
    if (path.len == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        struct text r = text_of(reserved[i]);
        if (text_starts_with(path, r) && (path.len == r.len || path.data[r.len] == '/'))
            return true;
    }
    return false;
}

/* --- the rules --------------------------------------------------------------------------- */

#define REFUSE(err, ...) error_set_field((err), ERROR_INTERNAL, "volumes", __VA_ARGS__)

/* The cleaned mount paths of the volumes judged so far. */
struct mounts {
    struct text paths[DISKS_MAX];
    size_t count;
};

static bool check_mount_path(const struct volume_attachment *volume, char *room,
                             struct mounts *mounts, struct error *err)
{
    struct text path = volume->mount_path;
    if (path.len == 0 || path.data[0] != '/')
        return REFUSE(err, "mount path " TEXT_FMT " is not absolute", TEXT_ARGS(path));
    struct text clean = volumes_clean_path(path, room);
    if (is_reserved(clean))
        return REFUSE(err, "mount path " TEXT_FMT " is reserved", TEXT_ARGS(path));
    for (size_t i = 0; i < mounts->count; i++) {
        if (text_equal(mounts->paths[i], clean))
            return REFUSE(err, "two volumes are mounted at " TEXT_FMT, TEXT_ARGS(path));
    }
    mounts->paths[mounts->count++] = clean;
    return true;
}

static bool check_volume(const struct volume_attachment *volume, char *room, struct mounts *mounts,
                         struct error *err)
{
    struct text id = volume->volume_id;
    if (!check_mount_path(volume, room, mounts, err))
        return false;
    if (text_starts_with(id, TEXT("builder-disk-")))
        return REFUSE(err, "volume id " TEXT_FMT " is reserved", TEXT_ARGS(id));
    if (volume->overlay && !volume->readonly)
        return REFUSE(err, "volume " TEXT_FMT " has an overlay but is not readonly", TEXT_ARGS(id));
    if (volume->overlay && volume->overlay_bytes <= 0)
        return REFUSE(err, "the overlay of volume " TEXT_FMT " has no size", TEXT_ARGS(id));
    return true;
}

bool volumes_check_rules(const struct mem *mem, const struct volume_attachment *volumes,
                         size_t count, struct error *err)
{
    if (count == 0)
        return true;
    if (count > DISKS_MAX || volumes_disk_count(volumes, count) > DISKS_MAX)
        return REFUSE(err, "more than %d volume devices", DISKS_MAX);

    size_t room_needed = 1;
    for (size_t i = 0; i < count; i++)
        room_needed += volumes[i].mount_path.len;
    char *room = mem_alloc(mem, room_needed);
    if (room == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");

    struct mounts mounts = { .count = 0 };
    char *next = room;
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        good = check_volume(&volumes[i], next, &mounts, err);
        next += volumes[i].mount_path.len;
    }
    mem_free(mem, room);
    return good;
}

static bool holds(const struct instance_config *holder, const struct volume_attachment *wanted)
{
    for (size_t i = holder->listed_volume_count; i < holder->volume_count; i++) {
        const struct volume_attachment *held = &holder->volumes[i];
        if (text_equal(held->volume_id, wanted->volume_id) &&
            (!held->readonly || !wanted->readonly))
            return true;
    }
    return false;
}

/* Whether another instance stands in the way of an attachment. */
static bool is_taken(const struct world *world, const struct instance_config *config,
                     const struct volume_attachment *wanted)
{
    struct cow_cursor at;
    cow_cursor_seek(&at, &world->instances.maps[INSTANCES_WITH_VOLUMES], (struct cow_key){ 0 });
    for (;;) {
        const struct instance *other = cow_cursor_next(&at);
        if (other == NULL)
            return false;
        if (!text_equal(other->config->id, config->id) && holds(other->config, wanted))
            return true;
    }
}

bool volumes_check_attachable(const struct world *world, const struct instance_config *config,
                              struct error *err)
{
    const struct volume_attachment *volumes = config->volumes;
    for (size_t i = 0; i < config->volume_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (text_equal(volumes[i].volume_id, volumes[j].volume_id))
                return error_set_field(err, ERROR_INVALID_STATE, "volumes",
                                       "volume " TEXT_FMT " is attached twice",
                                       TEXT_ARGS(volumes[i].volume_id));
        }
        if (i >= config->listed_volume_count && is_taken(world, config, &volumes[i]))
            return error_set_field(err, ERROR_INVALID_STATE, "volumes",
                                   "volume " TEXT_FMT " is attached to another instance",
                                   TEXT_ARGS(volumes[i].volume_id));
    }
    return true;
}

bool volumes_check_readonly(const struct instance_config *config, struct error *err)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume_attachment *volume = &config->volumes[i];
        if (!volume->readonly)
            return error_set(err, ERROR_NOT_SUPPORTED,
                             "operation not supported: cannot fork instance with writable volume "
                             "\"" TEXT_FMT "\" mounted at \"" TEXT_FMT
                             "\"; use readonly+overlay for safe concurrent forks",
                             TEXT_ARGS(volume->volume_id), TEXT_ARGS(volume->mount_path));
    }
    return true;
}

#include "mock/domain/instance_volumes.h"

#include <string.h>

#include "mock/domain/instance_check.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/volumes.h"
#include "mock/domain/world_state.h"

/* An edit of the list of volumes. */
struct volume_edit {
    struct instance_edit edit;
    struct instance_config config;
    struct volume_attachment *volumes; /* of config; owned, with room for one more */
};

static bool begin(struct volume_edit *v, struct world *world, struct text id, struct error *err)
{
    if (!instance_edit_begin(&v->edit, world, id, err))
        return false;
    v->config = *v->edit.next.config;
    v->config.refs = 0;
    v->volumes = mem_alloc(&world->env->mem, (v->config.volume_count + 1) * sizeof *v->volumes);
    if (v->volumes == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < v->config.volume_count; i++)
        v->volumes[i] = v->config.volumes[i];
    v->config.volumes = v->volumes;
    v->edit.next.config = &v->config;
    return true;
}

/* The rules of create, which answers each with 500, as a client would expect them here. */
static bool check(const struct volume_edit *v, struct error *err)
{
    const struct world *world = v->edit.world;
    struct error rule = { 0 };
    const struct device_plan plan = instance_device_plan(&v->config);
    if (!volumes_check_attachable(world, &v->config, &rule))
        return error_set_field(err, ERROR_ALREADY_EXISTS, "volumes", "%s", rule.message);
    if (volumes_check_rules(&world->env->mem, v->config.volumes, v->config.volume_count, &rule))
        return hypervisor_check_devices(v->config.hypervisor, &plan, err);
    if (rule.code == ERROR_NO_MEMORY)
        return error_set(err, ERROR_NO_MEMORY, "%s", rule.message);
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "volumes", "invalid request: %s",
                           rule.message);
}

static bool attach(struct volume_edit *v, const struct volume_attachment *volume,
                   const struct instance **out, struct error *err)
{
    v->volumes[v->config.volume_count++] = *volume;
    return check(v, err) &&
           instance_edit_commit(&v->edit, (struct history_event){ .kind = HISTORY_ATTACHED }, out,
                                err);
}

static bool detach(struct volume_edit *v, struct text volume_id, const struct instance **out,
                   struct error *err)
{
    const size_t listed = v->config.listed_volume_count;
    size_t kept = 0;
    for (size_t i = 0; i < v->config.volume_count; i++) {
        if (!text_equal(v->volumes[i].volume_id, volume_id))
            v->volumes[kept++] = v->volumes[i];
        else if (i < listed)
            v->config.listed_volume_count--;
    }
    if (kept == v->config.volume_count)
        return error_set_field(err, ERROR_NOT_FOUND, "volumes",
                               "volume not attached to this instance");
    v->config.volume_count = kept;
    return instance_edit_commit(&v->edit, (struct history_event){ .kind = HISTORY_DETACHED }, out,
                                err);
}

bool instance_attach_volume(struct world *world, struct text id,
                            const struct volume_attachment *volume, const struct instance **out,
                            struct error *err)
{
    struct volume_edit v = { .volumes = NULL };
    bool done = begin(&v, world, id, err) && attach(&v, volume, out, err);
    mem_free(&world->env->mem, v.volumes);
    return done;
}

bool instance_detach_volume(struct world *world, struct text id, struct text volume_id,
                            const struct instance **out, struct error *err)
{
    struct volume_edit v = { .volumes = NULL };
    bool done = begin(&v, world, id, err) && detach(&v, volume_id, out, err);
    mem_free(&world->env->mem, v.volumes);
    return done;
}

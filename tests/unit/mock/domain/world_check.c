#include "tests/unit/mock/domain/world_check.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/checked.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/schedule.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/world_state.h"

/* --- walking --------------------------------------------------------------------------------- */

static void for_each(const struct world *world, const struct cow_map *map,
                     void (*visit)(const struct world *, const void *value, struct buffer *out),
                     struct buffer *out)
{
    struct cow_cursor at;
    cow_cursor_seek(&at, map, (struct cow_key){ 0 });
    for (const void *value = cow_cursor_next(&at); value != NULL; value = cow_cursor_next(&at))
        visit(world, value, out);
}

/* --- as text --------------------------------------------------------------------------------- */

static void write_text(struct buffer *out, const char *key, struct text value)
{
    buffer_appendf(out, " %s=\"" TEXT_FMT "\"", key, TEXT_ARGS(value));
}

static void write_i64(struct buffer *out, const char *key, int64_t value)
{
    buffer_appendf(out, " %s=%" PRId64, key, value);
}

static void write_pairs(struct buffer *out, const char *key, struct pair_list pairs)
{
    buffer_appendf(out, " %s={", key);
    for (size_t i = 0; i < pairs.count; i++)
        buffer_appendf(out, TEXT_FMT "=" TEXT_FMT " ", TEXT_ARGS(pairs.items[i].key),
                       TEXT_ARGS(pairs.items[i].value));
    buffer_append_cstr(out, "}");
}

static void write_list(struct buffer *out, const char *key, struct text_list list)
{
    buffer_appendf(out, " %s=[", key);
    for (size_t i = 0; i < list.count; i++)
        buffer_appendf(out, TEXT_FMT " ", TEXT_ARGS(list.items[i]));
    buffer_append_cstr(out, "]");
}

static void write_policies(struct buffer *out, const struct instance_config *config)
{
    const struct auto_standby_policy *standby = &config->auto_standby;
    const struct health_check_policy *health = &config->health_check;
    buffer_appendf(out, " auto_standby=%d,%d,%" PRId64 ",%" PRId64, standby->present,
                   standby->enabled, standby->idle_timeout_ns, standby->since_ns);
    buffer_appendf(out, " health=%d,%d,%" PRId64 ",%" PRId64, health->present, (int)health->type,
                   health->interval_ns, health->since_ns);
    buffer_appendf(out, " restart=%d,%" PRId64 ",%" PRId64, (int)config->restart.kind,
                   config->restart.backoff_ns, config->restart.max_attempts);
    buffer_appendf(out, " compression=%d,%d", config->snapshot.present,
                   config->snapshot.compression.enabled);
}

static void write_config(struct buffer *out, const struct instance_config *config)
{
    write_text(out, "name", config->name);
    write_text(out, "image", config->image);
    write_text(out, "platform", config->platform);
    write_text(out, "hypervisor", text_of(hypervisor_name(config->hypervisor)));
    write_i64(out, "size", config->size_bytes);
    write_i64(out, "hotplug", config->hotplug_bytes);
    write_i64(out, "overlay", config->overlay_bytes);
    write_i64(out, "vcpus", config->vcpus);
    write_i64(out, "disk_io", config->disk_io_bps);
    write_i64(out, "networked", config->network.enabled);
    write_pairs(out, "tags", config->tags);
    write_pairs(out, "env", config->env);
    write_list(out, "entrypoint", config->entrypoint);
    write_list(out, "cmd", config->cmd);
    write_text(out, "gpu", config->gpu_profile);
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume_attachment *volume = &config->volumes[i];
        write_text(out, i < config->listed_volume_count ? "listed" : "attached", volume->volume_id);
        buffer_appendf(out, "@" TEXT_FMT ",%d,%d,%" PRId64, TEXT_ARGS(volume->mount_path),
                       volume->readonly, volume->overlay, volume->overlay_bytes);
    }
    write_i64(out, "credentials", (int64_t)config->credential_count);
    write_policies(out, config);
}

static void write_history(struct buffer *out, const struct history *history)
{
    const struct history_event *events[HISTORY_MAX];
    size_t count = history_list(history, events);
    for (size_t i = 0; i < count; i++) {
        const struct history_event *e = events[i];
        buffer_appendf(out, "\n    %d %d %" PRId64 " %" PRId64 " %d %" PRId32 " %.24s",
                       (int)e->kind, (int)e->start, e->at_ns, e->until_ns, e->has_exit_code,
                       e->exit_code, e->other.chars);
    }
}

static void write_hooks(struct buffer *out, const struct instance_hooks *hooks)
{
    const struct health *health = &hooks->probes_so_far;
    buffer_appendf(out, " connections=%" PRIu32 ",%" PRId64 ",%" PRId64, hooks->connections,
                   hooks->connected_at_ns, hooks->idle_since_ns);
    buffer_appendf(out, " probes=%d,%" PRId64 ",%d", hooks->probes_fail, hooks->probes_since_ns,
                   (int)health->status);
    buffer_appendf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64,
                   health->consecutive_failures, health->consecutive_successes,
                   health->last_checked_at_ns, health->last_failure_at_ns,
                   health->last_success_at_ns);
    for (enum transition t = 0; t < TRANSITION_COUNT; t++) {
        const struct transition_wish *wish = &hooks->plan.of[t];
        buffer_appendf(out, " %s=%d,%" PRIu32 ",%d,%d,%" PRId64, transition_name(t), wish->held,
                       wish->passes, (int)wish->failure, wish->has_delay, wish->delay_ns);
    }
}

static void write_instance(const struct world *world, const void *value, struct buffer *out)
{
    const struct instance *instance = value;
    (void)world;
    buffer_appendf(out, "  instance " TEXT_FMT " %s", TEXT_ARGS(instance->config->id),
                   instance_state_name(instance->state));
    write_i64(out, "created", instance->created_at_ns);
    write_i64(out, "started", instance->started_at_ns);
    write_i64(out, "stopped", instance->stopped_at_ns);
    write_i64(out, "expires", instance->expires_at_ns);
    write_i64(out, "running", instance->running_at_ns);
    write_i64(out, "hold", instance->hold_until_ns);
    buffer_appendf(out, " phase=%s@%" PRId64, phase_name(instance->phases.current),
                   instance->phases.since_ns);
    for (enum instance_phase p = 0; p < PHASE_COUNT; p++)
        buffer_appendf(out, ",%" PRId64, instance->phases.spent_ns[p]);
    write_text(out, "ip", text_of(network_ip_text(&instance->address).text));
    write_text(out, "mac", text_of(network_mac_text(&instance->address).text));
    buffer_appendf(out, " exit=%d,%" PRId32, instance->has_exit_code, instance->exit_code);
    write_text(out, "error", text_of(instance->state_error));
    buffer_appendf(out, " restarts=%" PRIu32 ",%d,%d,%" PRId64 ",%" PRId64,
                   instance->restart.attempts, (int)instance->restart.blocked,
                   (int)instance->restart.last_reason, instance->restart.last_attempt_at_ns,
                   instance->restart.next_attempt_at_ns);
    if (instance->hooks != NULL)
        write_hooks(out, instance->hooks);
    write_config(out, instance->config);
    write_history(out, instance->history);
    buffer_append_byte(out, '\n');
}

static void write_snapshot(const struct world *world, const void *value, struct buffer *out)
{
    const struct snapshot *snapshot = value;
    buffer_appendf(out, "snapshot " TEXT_FMT " %s", TEXT_ARGS(snapshot->id),
                   snapshot_kind_name(snapshot->kind));
    write_text(out, "name", snapshot->name);
    write_pairs(out, "tags", snapshot->tags);
    write_i64(out, "created", snapshot->created_at_ns);
    write_i64(out, "size", snapshot->size_bytes);
    buffer_appendf(out, " compression=%s,%d,%d,%" PRId64 "," TEXT_FMT "\n",
                   compression_state_name(snapshot->compression_state),
                   (int)snapshot->compression.algorithm, snapshot->compression.level,
                   snapshot->compressed_at_ns, TEXT_ARGS(snapshot->compression_error));
    write_instance(world, snapshot->source, out);
}

static void write_schedule(const struct world *world, const void *value, struct buffer *out)
{
    const struct schedule *schedule = value;
    (void)world;
    buffer_appendf(out,
                   "schedule " TEXT_FMT " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " " TEXT_FMT
                   " " TEXT_FMT "\n",
                   TEXT_ARGS(schedule->instance_id), schedule->interval_ns,
                   schedule->next_run_at_ns, schedule->last_run_at_ns, schedule->updated_at_ns,
                   TEXT_ARGS(schedule->last_snapshot_id), TEXT_ARGS(schedule->last_error));
}

struct buffer world_text(const struct world *world)
{
    struct buffer out = buffer_capped(SIZE_MAX);
    for_each(world, &world->instances.maps[INSTANCES_BY_ID], write_instance, &out);
    for_each(world, &world->snapshots.maps[SNAPSHOTS_BY_ID], write_snapshot, &out);
    for_each(world, &world->schedules.maps[SCHEDULES_BY_INSTANCE], write_schedule, &out);
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        write_i64(&out, "used", world->used.used[i]);
    write_i64(&out, "gpus", world->used.gpu_slots);
    write_i64(&out, "first_free", world->addresses.first_free);
    write_i64(&out, "macs_given", world->addresses.macs_given);
    write_i64(&out, "revision", (int64_t)world->revision);
    write_i64(&out, "changed", world->changed_ns);
    assert_false(out.failed);
    return out;
}

/* --- the indexes ----------------------------------------------------------------------------- */

static int compare(struct cow_key a, struct cow_key b)
{
    if (a.rank != b.rank)
        return a.rank < b.rank ? -1 : 1;
    int by_major = text_compare(a.major, b.major);
    return by_major != 0 ? by_major : text_compare(a.minor, b.minor);
}

/* In order, each the record that the first index has under the same id, and none missing. */
static void check_index(const struct store *store, size_t index)
{
    const struct store_index *row = &store->indexes[index];
    const struct cow_map *map = &store->maps[index];
    struct cow_cursor at;
    struct cow_key last = { 0 };
    size_t seen = 0;
    cow_cursor_seek(&at, map, (struct cow_key){ 0 });
    for (const void *value = cow_cursor_next(&at); value != NULL; value = cow_cursor_next(&at)) {
        struct cow_key key = row->kind.key_of(value);
        assert_true(seen == 0 || compare(last, key) < 0);
        assert_true(row->covers == NULL || row->covers(value));
        assert_ptr_equal(cow_map_find(&store->maps[0], store->indexes[0].kind.key_of(value)),
                         value);
        assert_ptr_equal(cow_map_find(map, key), value);
        last = key;
        seen++;
    }
    assert_int_equal(seen, map->count);

    size_t covered = 0;
    cow_cursor_seek(&at, &store->maps[0], (struct cow_key){ 0 });
    for (const void *value = cow_cursor_next(&at); value != NULL; value = cow_cursor_next(&at))
        covered += row->covers == NULL || row->covers(value) ? 1 : 0;
    assert_int_equal(covered, seen);
    assert_int_equal(map->prepared, 0);
}

static void check_store(const struct store *store)
{
    for (size_t i = 0; i < store->index_count; i++)
        check_index(store, i);
}

/* --- the records ----------------------------------------------------------------------------- */

static void check_id(struct text id) /* INST-ID-001, SNAP-I-001 */
{
    assert_int_equal(id.len, RESOURCE_ID_LEN);
    assert_in_range(id.data[0], 'a', 'z');
    for (size_t i = 1; i < id.len; i++) {
        char c = id.data[i];
        assert_true((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
    }
}

/* Events that a capture or fork leaves out of order would confuse every log. */
static void check_history(const struct history *history)
{
    const struct history_event *events[HISTORY_MAX];
    if (history != NULL)
        assert_in_range(history->count, 1, HISTORY_MAX);
    size_t count = history_list(history, events);
    for (size_t i = 1; i < count; i++)
        assert_true(events[i - 1]->at_ns <= events[i]->at_ns &&
                    events[i - 1]->number < events[i]->number);
}

static void check_phases(const struct phase_ledger *phases, int64_t now_ns)
{
    assert_in_range(phases->current, 0, PHASE_COUNT - 1);
    assert_true(phases->since_ns <= now_ns);
    for (enum instance_phase p = 0; p < PHASE_COUNT; p++)
        assert_true(phases->spent_ns[p] >= 0);
}

static void check_address(const struct instance *instance)
{
    const uint8_t *ip = instance->address.ip;
    if (!network_has_address(&instance->address)) {
        static const struct network_address none;
        assert_memory_equal(&instance->address, &none, sizeof none);
        return;
    }
    const unsigned host = (unsigned)ip[2] << 8 | ip[3];
    assert_true(instance->config->network.enabled);
    assert_int_equal(ip[0], 10);
    assert_int_equal(ip[1], 100);
    assert_in_range(host, 2, 65534); /* INST-J-034 */
}

static void check_volumes(const struct world *world, const struct instance_config *config)
{
    assert_true(config->listed_volume_count <= config->volume_count);
    for (size_t i = config->listed_volume_count; i < config->volume_count; i++) {
        struct cow_cursor at;
        cow_cursor_seek(&at, &world->instances.maps[INSTANCES_WITH_VOLUMES], (struct cow_key){ 0 });
        for (const struct instance *other = cow_cursor_next(&at); other != NULL;
             other = cow_cursor_next(&at)) {
            const struct instance_config *held = other->config;
            for (size_t j = held->listed_volume_count; j < held->volume_count; j++) {
                bool both = other->config != config &&
                            text_equal(held->volumes[j].volume_id, config->volumes[i].volume_id);
                assert_true(!both || (held->volumes[j].readonly && config->volumes[i].readonly));
            }
        }
    }
}

static void check_restart(const struct instance *instance, int64_t now_ns)
{
    const struct restart_status *status = &instance->restart;
    assert_true(status->last_attempt_at_ns <= now_ns);
    assert_int_equal(status->attempts > 0, status->last_attempt_at_ns > 0);
    assert_true(status->blocked == RESTART_NOT_BLOCKED || status->next_attempt_at_ns == 0);
    assert_true(status->blocked != RESTART_MANUAL_STOP || status->attempts == 0); /* INST-RP-004 */
}

static void check_health(const struct instance *instance, int64_t now_ns)
{
    const struct health health = instance_view(instance, now_ns).health;
    assert_true(health.consecutive_failures == 0 || health.consecutive_successes == 0);
    assert_int_equal(health.last_checked_at_ns,
                     i64_max(health.last_failure_at_ns, health.last_success_at_ns));
    assert_true(health.last_checked_at_ns <= now_ns);
    if (health.last_checked_at_ns > 0)
        assert_true(health.consecutive_failures + health.consecutive_successes > 0);
}

static void check_record(const struct world *world, const struct instance *instance)
{
    const int64_t now_ns = world_now_ns(world);
    check_id(instance->config->id);
    check_history(instance->history);
    check_phases(&instance->phases, now_ns);
    check_address(instance);
    check_restart(instance, now_ns);
    check_health(instance, now_ns);
    assert_true(instance->refs > 0 && instance->config->refs > 0);
    assert_true(instance->created_at_ns > 0 && instance->created_at_ns <= now_ns);
    assert_true(instance->started_at_ns <= now_ns && instance->stopped_at_ns <= now_ns);
    assert_true(instance->state == INSTANCE_INITIALIZING || instance->running_at_ns == 0);
    assert_true(instance->hooks == NULL ||
                (instance->hooks->refs > 0 && !instance_hooks_are_empty(instance->hooks)));
    assert_int_equal(instance->state_error != NULL, instance->state == INSTANCE_UNKNOWN);
    assert_true(instance->has_exit_code || instance->exit_code == 0);
}

static void check_instances(const struct world *world)
{
    enum { MANY = 4096 };
    uint32_t macs[MANY];
    struct capacity_use used = { 0 };
    size_t mac_count = 0;
    struct cow_cursor at;
    cow_cursor_seek(&at, &world->instances.maps[INSTANCES_BY_ID], (struct cow_key){ 0 });
    for (const struct instance *instance = cow_cursor_next(&at); instance != NULL;
         instance = cow_cursor_next(&at)) {
        const struct capacity_use use = instance_capacity_use(instance);
        const uint8_t *mac = instance->address.mac;
        check_record(world, instance);
        check_volumes(world, instance->config);
        assert_non_null(instance->history);
        capacity_use_add(&used, &use);
        if (network_has_address(&instance->address)) {
            const uint32_t number = (uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2];
            for (size_t i = 0; i < mac_count; i++)
                assert_int_not_equal(macs[i], number);
            assert_true(mac_count < MANY);
            macs[mac_count++] = number;
        }
    }
    assert_memory_equal(&used, &world->used, sizeof used);
}

/* Every host number below the pool's mark is taken. */
static void check_pool(const struct world *world)
{
    for (uint32_t host = 2; host < world->addresses.first_free; host++) {
        const char ip[4] = { 10, 100, (char)(host >> 8), (char)(host & 0xFF) };
        assert_non_null(cow_map_find(&world->instances.maps[INSTANCES_BY_IP],
                                     (struct cow_key){ .major = { ip, sizeof ip } }));
    }
}

static void check_snapshots(const struct world *world)
{
    struct cow_cursor at;
    cow_cursor_seek(&at, &world->snapshots.maps[SNAPSHOTS_BY_ID], (struct cow_key){ 0 });
    for (const struct snapshot *snapshot = cow_cursor_next(&at); snapshot != NULL;
         snapshot = cow_cursor_next(&at)) {
        const struct instance *source = snapshot->source;
        check_id(snapshot->id);
        assert_null(cow_map_find(&world->instances.maps[INSTANCES_BY_ID],
                                 (struct cow_key){ .major = snapshot->id }));
        check_record(world, source);
        assert_int_equal(source->state,
                         snapshot->kind == SNAPSHOT_STANDBY ? INSTANCE_STANDBY : INSTANCE_STOPPED);
        for (size_t i = 0; i < source->config->volume_count; i++)
            assert_true(source->config->volumes[i].readonly); /* SNAP-C-018 */
        assert_true(snapshot->created_at_ns <= world_now_ns(world));
        assert_int_equal(snapshot->compressed_at_ns != 0,
                         snapshot->compression_state == COMPRESSION_STATE_COMPRESSING);
        if (snapshot->compression_state != COMPRESSION_STATE_COMPRESSING)
            assert_int_equal(snapshot->compression_error.len > 0,
                             snapshot->compression_state == COMPRESSION_STATE_ERROR);
        assert_true(snapshot_view(snapshot, world_now_ns(world)).size_bytes >
                    source->config->overlay_bytes); /* SNAP-C-041 */
    }
}

void assert_world_is_sound(const struct world *world)
{
    check_store(&world->instances);
    check_store(&world->snapshots);
    check_store(&world->schedules);
    check_instances(world);
    check_snapshots(world);
    check_pool(world);
}

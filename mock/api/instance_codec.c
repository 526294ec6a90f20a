#include "mock/api/instance_codec.h"

#include "common/base/checked.h"
#include "common/json/go_duration.h"
#include "common/json/rfc3339.h"
#include "mock/api/encode.h"
#include "mock/api/policy_codec.h"
#include "mock/api/size_parse.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

typedef bool size_parser(struct text t, int64_t *out, struct error *err);

/* Reads one size or rate; 0 when absent. The error reads: invalid {what} format: ... */
static bool read_size(const struct body_value *object, const char *member, size_parser *parse,
                      int64_t *out, struct error *err)
{
    struct error cause = { 0 };
    const struct text t = body_text(object, member, NULL);

    *out = 0;
    if (t.len == 0 || parse(t, out, &cause))
        return true;
    return error_set_field(err, ERROR_INVALID_ARGUMENT, member, "invalid %s format: %s", member,
                           cause.message);
}

/* Times are held in nanoseconds: what lies beyond the year 2262 is kept as that year's end. */
static int64_t saturated_ns(struct timestamp at)
{
    int64_t ns;
    if (i64_mul(at.seconds, NS_PER_SEC, &ns) && i64_add(ns, at.nanos, &ns))
        return ns;
    return at.seconds < 0 ? INT64_MIN : INT64_MAX;
}

/* When a request says its instance is to go. */
struct expiration {
    bool has_ttl, has_expires_at; /* never both */
    int64_t ttl_ns, expires_at_ns;
};

/* NEW-040 to NEW-042. */
static bool read_expiration(const struct body_value *body, struct expiration *out,
                            struct error *err)
{
    const struct body_value *ttl = body_find(body, "ttl");
    const struct body_value *expires_at = body_find(body, "expires_at");
    struct error malformed = { 0 };
    struct timestamp at;

    *out = (struct expiration){ .has_ttl = ttl != NULL };
    if (ttl != NULL && expires_at != NULL)
        return error_set(err, ERROR_INVALID_ARGUMENT, "ttl and expires_at are mutually exclusive");
    if (ttl != NULL && !go_duration_parse(ttl->text, &out->ttl_ns, &malformed))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "ttl",
                               "ttl must be a valid duration: %s", malformed.message);
    if (out->ttl_ns < 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "ttl", "ttl cannot be negative");
    if (expires_at != NULL && rfc3339_parse(expires_at->text, &at)) {
        out->has_expires_at = true;
        out->expires_at_ns = saturated_ns(at);
    }
    return true;
}

static bool read_volumes(const struct body_value *array, struct arena *arena,
                         struct instance_config *config, struct error *err)
{
    if (array == NULL || array->item_count == 0)
        return true;
    struct volume_attachment *volumes = arena_zalloc(arena, array->item_count * sizeof *volumes);
    if (volumes == NULL)
        return no_memory(err);

    for (size_t i = 0; i < array->item_count; i++) {
        const struct body_value *mount = &array->items[i];
        struct volume_attachment *volume = &volumes[i];
        struct error cause = { 0 };
        volume->volume_id = body_text(mount, "volume_id", NULL);
        volume->mount_path = body_text(mount, "mount_path", NULL);
        volume->readonly = body_bool(mount, "readonly", false);
        volume->overlay = body_bool(mount, "overlay", false);
        const struct text size = body_text(mount, "overlay_size", NULL);
        if (!size_parse(size, &volume->overlay_bytes, &cause))
            return error_set_field(err, ERROR_INVALID_ARGUMENT, "overlay_size",
                                   "invalid overlay_size for volume " TEXT_FMT ": %s",
                                   TEXT_ARGS(volume->volume_id), cause.message);
    }
    config->volumes = volumes;
    config->volume_count = array->item_count;
    return true;
}

static bool read_injections(const struct body_value *array, struct arena *arena,
                            struct credential *credential, struct error *err)
{
    struct credential_injection *inject = arena_zalloc(arena, array->item_count * sizeof *inject);
    if (inject == NULL)
        return no_memory(err);

    for (size_t i = 0; i < array->item_count; i++) {
        const struct body_value *as = body_find(&array->items[i], "as");
        inject[i].header = body_text(as, "header", NULL);
        inject[i].format = body_text(as, "format", NULL);
        if (!decode_texts(body_find(&array->items[i], "hosts"), arena, &inject[i].hosts, err))
            return false;
    }
    credential->inject = inject;
    credential->inject_count = array->item_count;
    return true;
}

static bool read_credentials(const struct body_value *object, struct arena *arena,
                             struct instance_config *config, struct error *err)
{
    if (object == NULL || object->member_count == 0)
        return true;
    struct credential *credentials =
        arena_zalloc(arena, object->member_count * sizeof *credentials);
    if (credentials == NULL)
        return no_memory(err);

    for (size_t i = 0; i < object->member_count; i++) {
        const struct body_value *value = &object->members[i].value;
        credentials[i].name = object->members[i].key;
        credentials[i].source_env = body_text(body_find(value, "source"), "env", NULL);
        if (!read_injections(body_find(value, "inject"), arena, &credentials[i], err))
            return false;
    }
    config->credentials = credentials;
    config->credential_count = object->member_count;
    return true;
}

/* What needs no judging. */
static bool read_plain_members(const struct body_value *body, struct arena *arena,
                               struct instance_config *config, struct error *err)
{
    const struct body_value *network = body_find(body, "network");
    const struct body_value *egress = body_find(network, "egress");

    config->name = body_text(body, "name", NULL);
    config->image = body_text(body, "image", NULL);
    config->platform = body_text(body, "platform", NULL);
    (void)!hypervisor_parse(body_text(body, "hypervisor", NULL), &config->hypervisor);
    config->vcpus = body_i64(body, "vcpus", 2);
    config->network.enabled = body_bool(network, "enabled", true);
    config->network.egress_enabled = body_bool(egress, "enabled", false);
    (void)!egress_mode_parse(body_text(body_find(egress, "enforcement"), "mode", "all"),
                             &config->network.egress_mode);
    config->gpu_profile = body_text(body_find(body, "gpu"), "profile", NULL);
    config->skip_kernel_headers = body_bool(body, "skip_kernel_headers", false);
    config->skip_guest_agent = body_bool(body, "skip_guest_agent", false);
    return decode_pairs(body_find(body, "tags"), arena, &config->tags, err) &&
           decode_pairs(body_find(body, "env"), arena, &config->env, err) &&
           decode_texts(body_find(body, "entrypoint"), arena, &config->entrypoint, err) &&
           decode_texts(body_find(body, "cmd"), arena, &config->cmd, err) &&
           decode_texts(body_find(body, "devices"), arena, &config->devices, err) &&
           read_credentials(body_find(body, "credentials"), arena, config, err);
}

bool instance_request_decode(const struct body_value *body, struct arena *arena,
                             struct instance_request_decoded *out, struct error *err)
{
    *out = (struct instance_request_decoded){ 0 };
    struct instance_request *request = &out->request;
    struct instance_config *config = &request->config;
    const struct body_value *network = body_find(body, "network");
    struct expiration expiration;

    /* instances.md 7.1: the order decides which of several faults is reported. */
    if (!read_plain_members(body, arena, config, err) ||
        !read_size(body, "size", size_parse, &config->size_bytes, err) ||
        !read_size(body, "hotplug_size", size_parse, &config->hotplug_bytes, err) ||
        !read_size(body, "overlay_size", size_parse, &config->overlay_bytes, err) ||
        !read_size(body, "disk_io_bps", size_parse_rate, &config->disk_io_bps, err) ||
        !read_expiration(body, &expiration, err) ||
        !read_size(network, "bandwidth_download", size_parse_bandwidth,
                   &config->network.bandwidth_download, err) ||
        !read_size(network, "bandwidth_upload", size_parse_bandwidth,
                   &config->network.bandwidth_upload, err) ||
        !read_volumes(body_find(body, "volumes"), arena, config, err) ||
        !health_check_decode(body_find(body, "health_check"), arena, &config->health_check, err) ||
        !restart_policy_decode(body_find(body, "restart_policy"), &config->restart, err))
        return false;

    request->ttl_ns = expiration.ttl_ns;
    request->has_expires_at = expiration.has_expires_at;
    request->expires_at_ns = expiration.expires_at_ns;
    /* Found here, reported by the domain when their turns come (rows 10 and 16). */
    if (!snapshot_policy_decode(body_find(body, "snapshot_policy"), &config->snapshot,
                                &out->snapshot_policy_error))
        request->snapshot_policy_error = &out->snapshot_policy_error;
    if (!auto_standby_decode(body_find(body, "auto_standby"), arena, &config->auto_standby,
                             &out->auto_standby_error))
        request->auto_standby_error = &out->auto_standby_error;
    return true;
}

bool update_request_decode(const struct body_value *body, struct arena *arena,
                           struct update_request_decoded *out, struct error *err)
{
    *out = (struct update_request_decoded){ 0 };
    struct update_request *request = &out->request;
    struct expiration expiration;

    if (!health_check_decode(body_find(body, "health_check"), arena, &request->health_check, err) ||
        !restart_policy_decode(body_find(body, "restart_policy"), &request->restart, err) ||
        !read_expiration(body, &expiration, err) ||
        !decode_pairs(body_find(body, "env"), arena, &request->env, err))
        return false;

    request->has_env = body_find(body, "env") != NULL;
    request->has_restart = body_find(body, "restart_policy") != NULL;
    request->has_ttl = expiration.has_ttl;
    request->ttl_ns = expiration.ttl_ns;
    request->has_expires_at = expiration.has_expires_at;
    request->expires_at_ns = expiration.expires_at_ns;
    if (!auto_standby_decode(body_find(body, "auto_standby"), arena, &request->auto_standby,
                             &out->auto_standby_error))
        request->auto_standby_error = &out->auto_standby_error;
    return true;
}

static void encode_network(struct json_writer *w, const struct instance *instance)
{
    const struct network_config *network = &instance->config->network;

    json_write_key(w, TEXT("network"));
    json_write_object_begin(w);
    encode_rate(w, "bandwidth_download", network->bandwidth_download);
    encode_rate(w, "bandwidth_upload", network->bandwidth_upload);
    json_member_bool(w, "enabled", network->enabled);
    if (!network->enabled) { /* INST-J-031 */
        json_member_null(w, "ip");
        json_member_null(w, "mac");
    } else if (network_has_address(&instance->address)) { /* INST-J-030 */
        json_member_string(w, "ip", text_of(network_ip_text(&instance->address).text));
        json_member_string(w, "mac", text_of(network_mac_text(&instance->address).text));
    } else { /* INST-J-032 */
        json_member_string(w, "ip", TEXT(""));
        json_member_string(w, "mac", TEXT(""));
    }
    if (network->enabled)
        json_member_string(w, "name", TEXT(NETWORK_NAME));
    json_write_object_end(w);
}

static void encode_phase_durations(struct json_writer *w, const struct phase_ledger *ledger,
                                   int64_t now_ns)
{
    json_write_key(w, TEXT("phase_durations_ms"));
    json_write_object_begin(w);
    for (enum instance_phase phase = 0; phase < PHASE_COUNT; phase++) {
        const int64_t ms = phase_ledger_spent_ns(ledger, phase, now_ns) / NS_PER_MS;
        if (ms > 0) /* INST-J-041 */
            json_member_i64(w, phase_name(phase), ms);
    }
    json_write_object_end(w);
}

static void encode_volumes(struct json_writer *w, const struct instance_config *config)
{
    if (config->volume_count == 0)
        return;
    json_write_key(w, TEXT("volumes"));
    json_write_array_begin(w);
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume_attachment *volume = &config->volumes[i];
        json_write_object_begin(w);
        json_member_string(w, "mount_path", volume->mount_path);
        if (volume->overlay) { /* INST-J-060 */
            json_member_bool(w, "overlay", true);
            encode_size(w, "overlay_size", volume->overlay_bytes);
        }
        json_member_bool(w, "readonly", volume->readonly);
        json_member_string(w, "volume_id", volume->volume_id);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void encode_exit(struct json_writer *w, const struct instance *instance)
{
    if (instance->has_exit_code)
        json_member_i64(w, "exit_code", instance->exit_code);
    else
        json_member_null(w, "exit_code"); /* INST-J-002 */
    encode_text_if_any(w, "exit_message", text_of(instance_exit_text(instance).text));
}

static void encode_gpu(struct json_writer *w, struct text profile)
{
    if (profile.len == 0)
        return;
    json_write_key(w, TEXT("gpu"));
    json_write_object_begin(w);
    json_member_string(w, "profile", profile);
    json_write_object_end(w);
}

void instance_encode(struct json_writer *w, const struct instance *instance, int64_t now_ns)
{
    const struct instance_config *config = instance->config;
    const struct instance_view view = instance_view(instance, now_ns);

    /* In ascending byte order of the keys (JSON-002). */
    json_write_object_begin(w);
    auto_standby_encode(w, &config->auto_standby);
    encode_time(w, "created_at", instance->created_at_ns);
    json_member_string(w, "current_phase", text_of(phase_name(view.phases.current)));
    encode_time(w, "current_phase_since", view.phases.since_ns);
    encode_rate(w, "disk_io_bps", config->disk_io_bps);
    encode_pairs_if_any(w, "env", config->env); /* credentials in clear text (INST-J-003) */
    encode_exit(w, instance);
    encode_time_or_null(w, "expires_at", instance->expires_at_ns); /* NEW-031 */
    encode_gpu(w, config->gpu_profile);
    json_member_bool(w, "has_snapshot", view.has_snapshot);
    health_check_encode(w, &config->health_check);
    health_status_encode(w, instance, &view.health);
    encode_size(w, "hotplug_size", config->hotplug_bytes);
    json_member_string(w, "hypervisor", text_of(hypervisor_name(config->hypervisor)));
    json_member_string(w, "id", config->id);
    json_member_string(w, "image", config->image); /* as sent (INST-J-004) */
    json_member_string(w, "name", config->name);
    encode_network(w, instance);
    encode_size(w, "overlay_size", config->overlay_bytes);
    encode_phase_durations(w, &view.phases, now_ns);
    encode_text_if_any(w, "platform", config->platform);
    restart_policy_encode(w, &config->restart);
    restart_status_encode(w, &view.restart);
    encode_size(w, "size", config->size_bytes);
    snapshot_policy_encode(w, &config->snapshot);
    encode_time_or_null(w, "started_at", instance->started_at_ns);
    json_member_string(w, "state", text_of(instance_state_name(view.state)));
    encode_text_or_null(w, "state_error", text_of(instance->state_error));
    encode_time_or_null(w, "stopped_at", instance->stopped_at_ns);
    encode_pairs_if_any(w, "tags", config->tags); /* TAG-002 */
    json_member_i64(w, "vcpus", config->vcpus);
    encode_volumes(w, config);
    json_write_object_end(w);
}

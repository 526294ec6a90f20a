/* What is seen inside an instance at a moment: instances.md 13, 14. */
#include "common/json/json_writer.h"
#include "mock/api/operations.h"
#include "mock/domain/guest_files.h"
#include "mock/domain/instance_stats.h"

static void member_double(struct json_writer *w, const char *key, double value)
{
    json_write_key(w, text_of(key));
    json_write_double(w, value);
}

/* INST-STATS-004 */
static void encode_utilization(struct json_writer *w, const struct instance_stats *stats)
{
    if (stats->allocated_memory_bytes == 0)
        json_member_null(w, "memory_utilization_ratio");
    else
        member_double(w, "memory_utilization_ratio",
                      (double)stats->memory_rss_bytes / (double)stats->allocated_memory_bytes);
}

bool op_get_instance_stats(struct call *call, struct error *err)
{
    const struct instance_config *config = call->instance->config;
    const struct instance_stats stats = instance_stats(call->instance, world_now_ns(call->world));
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);
    (void)err;

    call->res->status = 200;
    call->res->content_type = "application/json";
    json_write_object_begin(&w);
    json_member_i64(&w, "allocated_memory_bytes", stats.allocated_memory_bytes);
    json_member_i64(&w, "allocated_vcpus", stats.allocated_vcpus);
    member_double(&w, "cpu_seconds", (double)stats.cpu_centiseconds / 100);
    json_member_string(&w, "instance_id", config->id);
    json_member_string(&w, "instance_name", config->name);
    json_member_i64(&w, "memory_rss_bytes", stats.memory_rss_bytes);
    encode_utilization(&w, &stats);
    json_member_i64(&w, "memory_vms_bytes", stats.memory_vms_bytes);
    json_member_i64(&w, "network_rx_bytes", stats.network_rx_bytes);
    json_member_i64(&w, "network_tx_bytes", stats.network_tx_bytes);
    json_write_object_end(&w);
    buffer_append_byte(&call->res->body, '\n');
    return true;
}

/* "lstat /etc/x: permission denied", as the agent's os.Lstat says it; null without a problem. */
static void encode_problem(struct json_writer *w, const char *problem, bool follow,
                           struct text path)
{
    enum { ROOM = 64 };
    SCOPED(buffer) struct buffer message = buffer_capped(path.len + ROOM);

    if (problem == NULL) {
        json_member_null(w, "error");
        return;
    }
    buffer_append_cstr(&message, follow ? "stat " : "lstat ");
    buffer_append_text(&message, path);
    buffer_append_cstr(&message, ": ");
    buffer_append_cstr(&message, problem);
    json_member_string(w, "error", buffer_text(&message));
    w->out->failed = w->out->failed || message.failed;
}

bool op_stat_instance_path(struct call *call, struct error *err)
{
    const struct text path = call_param(call, "path");
    const bool follow = params_get_bool(call->route->query, &call->query, "follow_links");
    struct guest_file file;
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);

    if (!guest_files_look_up(call->instance, world_now_ns(call->world), path, follow, &file, err))
        return false;
    call->res->status = 200;
    call->res->content_type = "application/json";
    json_write_object_begin(&w); /* all eight, always (INST-STAT-006) */
    encode_problem(&w, file.problem, follow, path);
    json_member_bool(&w, "exists", file.type != GUEST_NO_FILE);
    json_member_bool(&w, "is_dir", file.type == GUEST_DIRECTORY);
    json_member_bool(&w, "is_file", file.type == GUEST_FILE);
    json_member_bool(&w, "is_symlink", file.type == GUEST_LINK);
    json_member_string(&w, "link_target", text_of(file.link_target));
    json_member_i64(&w, "mode", file.mode);
    json_member_i64(&w, "size", file.size);
    json_write_object_end(&w);
    buffer_append_byte(&call->res->body, '\n');
    return true;
}

#include "mock/api/snapshot_codec.h"

#include "mock/api/encode.h"
#include "mock/api/policy_codec.h"

bool snapshot_request_decode(const struct body_value *body, struct arena *arena,
                             struct snapshot_request *out, struct error *err)
{
    *out = (struct snapshot_request){
        .name = body_text(body, "name", NULL),
        .compression = compression_decode(body_find(body, "compression")),
    };
    (void)!snapshot_kind_parse(body_text(body, "kind", NULL), &out->kind);
    return decode_pairs(body_find(body, "tags"), arena, &out->tags, err);
}

static void encode_compression(struct json_writer *w, const struct compression_settings *settings)
{
    json_write_key(w, TEXT("compression"));
    json_write_object_begin(w);
    json_member_string(w, "algorithm", text_of(compression_algorithm_name(settings->algorithm)));
    json_member_bool(w, "enabled", true);
    json_member_i64(w, "level", settings->level);
    json_write_object_end(w);
}

static void encode_compressed_size(struct json_writer *w, const char *key,
                                   const struct snapshot_view *view, int64_t bytes)
{
    if (view->state == COMPRESSION_STATE_COMPRESSED)
        json_member_i64(w, key, bytes);
    else
        json_member_null(w, key);
}

void snapshot_encode(struct json_writer *w, const struct snapshot *snapshot, int64_t now_ns)
{
    const struct instance_config *source = snapshot->source->config;
    const struct snapshot_view view = snapshot_view(snapshot, now_ns);

    /* In ascending byte order of the keys (JSON-002); nulls by snapshots.md 4. */
    json_write_object_begin(w);
    encode_compressed_size(w, "compressed_size_bytes", &view, view.compressed_size_bytes);
    if (view.state != COMPRESSION_STATE_NONE)
        encode_compression(w, &snapshot->compression);
    encode_text_or_null(w, "compression_error",
                        view.state == COMPRESSION_STATE_ERROR ? snapshot->compression_error
                                                              : (struct text){ 0 });
    json_member_string(w, "compression_state", text_of(compression_state_name(view.state)));
    encode_time(w, "created_at", snapshot->created_at_ns);
    json_member_string(w, "id", snapshot->id);
    json_member_string(w, "kind", text_of(snapshot_kind_name(snapshot->kind)));
    encode_text_or_null(w, "name", snapshot->name); /* SNAP-J-001 */
    json_member_i64(w, "size_bytes", view.size_bytes);
    json_member_string(w, "source_hypervisor", text_of(hypervisor_name(source->hypervisor)));
    json_member_string(w, "source_instance_id", source->id);
    json_member_string(w, "source_instance_name", source->name);
    encode_pairs_if_any(w, "tags", snapshot->tags); /* SNAP-J-002 */
    encode_compressed_size(w, "uncompressed_size_bytes", &view, view.uncompressed_size_bytes);
    json_write_object_end(w);
}

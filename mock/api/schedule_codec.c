#include "mock/api/schedule_codec.h"

#include "common/json/go_duration.h"
#include "mock/api/encode.h"
#include "mock/api/policy_codec.h"

/* The parser's own words are not shown. 0 when absent. */
static bool read_duration(const struct body_value *object, const char *member, int64_t *out)
{
    const struct body_value *value = body_find(object, member);
    struct error unsaid = { 0 };
    *out = 0;
    return value == NULL || go_duration_parse(value->text, out, &unsaid);
}

bool schedule_settings_decode(const struct body_value *body, struct arena *arena,
                              struct schedule_settings *out, struct error *err)
{
    const struct body_value *retention = body_find(body, "retention");

    *out = (struct schedule_settings){
        .name_prefix = body_text(body, "name_prefix", NULL), /* null is none (SCHED-P-017) */
        .max_count = body_i64(retention, "max_count", 0),
    };
    if (!read_duration(body, "interval", &out->interval_ns))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "interval",
                               "interval must be a valid duration");
    if (body_find(retention, "max_count") == NULL && body_find(retention, "max_age") == NULL)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "retention",
                               "retention must include max_count or max_age");
    if (!read_duration(retention, "max_age", &out->max_age_ns))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "retention",
                               "retention.max_age must be a valid duration");
    return decode_pairs(body_find(body, "metadata"), arena, &out->metadata, err);
}

static void encode_retention(struct json_writer *w, const struct schedule *schedule)
{
    json_write_key(w, TEXT("retention"));
    json_write_object_begin(w);
    if (schedule->max_age_ns > 0)
        encode_duration(w, "max_age", schedule->max_age_ns); /* SNAP-J-009 */
    json_member_i64(w, "max_count", schedule->max_count);    /* SNAP-J-008 */
    json_write_object_end(w);
}

void schedule_encode(struct json_writer *w, const struct schedule *schedule)
{
    /* In ascending byte order of the keys (JSON-002); nulls by SNAP-J-007. */
    json_write_object_begin(w);
    encode_time(w, "created_at", schedule->created_at_ns);
    json_member_string(w, "instance_id", schedule->instance_id);
    encode_duration(w, "interval", schedule->interval_ns);
    encode_text_or_null(w, "last_error", schedule->last_error);
    encode_time_or_null(w, "last_run_at", schedule->last_run_at_ns);
    encode_text_or_null(w, "last_snapshot_id", schedule->last_snapshot_id);
    encode_pairs_if_any(w, "metadata", schedule->metadata);
    encode_text_or_null(w, "name_prefix", schedule->name_prefix);
    encode_time(w, "next_run_at", schedule->next_run_at_ns);
    encode_retention(w, schedule);
    encode_time(w, "updated_at", schedule->updated_at_ns);
    json_write_object_end(w);
}

#include "mock/api/auto_standby_codec.h"

#include "mock/api/encode.h"

static void encode_duration_or_null(struct json_writer *w, const char *key, bool given, int64_t ns)
{
    if (given)
        encode_duration(w, key, ns);
    else
        json_member_null(w, key);
}

void auto_standby_view_encode(struct json_writer *w, const struct auto_standby_view *view)
{
    json_write_object_begin(w);
    json_member_i64(w, "active_inbound_connections", view->active_inbound_connections);
    json_member_bool(w, "configured", view->configured);
    encode_duration_or_null(w, "countdown_remaining", view->next_standby_at_ns != 0,
                            view->countdown_remaining_ns);
    json_member_bool(w, "eligible", view->eligible);
    json_member_bool(w, "enabled", view->enabled);
    encode_time_or_null(w, "hold_until", view->hold_until_ns);
    encode_time_or_null(w, "idle_since", view->idle_since_ns);
    encode_duration_or_null(w, "idle_timeout", view->idle_timeout_ns != 0, view->idle_timeout_ns);
    encode_time_or_null(w, "last_inbound_activity_at", view->last_inbound_activity_at_ns);
    encode_time_or_null(w, "next_standby_at", view->next_standby_at_ns);
    json_member_string(w, "reason", text_of(auto_standby_reason_name(view->reason)));
    json_member_string(w, "status", text_of(auto_standby_status_name(view->status)));
    json_member_bool(w, "supported", view->supported);
    json_member_string(w, "tracking_mode", text_of(view->tracking_mode));
    json_write_object_end(w);
}

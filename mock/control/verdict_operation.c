/* GET /_mock/verdicts: what the journal says about the client. */
#include "mock/control/control_call.h"
#include "mock/control/journal_json.h"
#include "mock/control/verdicts.h"

struct report {
    const struct served_world *world;
    struct json_writer *w;
    bool ok;
};

static void write_verdict(void *ctx, const struct verdict *verdict)
{
    struct report *report = ctx;
    struct json_writer *w = report->w;

    report->ok = report->ok && verdict->level != VERDICT_FAULT;
    json_write_object_begin(w);
    json_member_string(w, "kind", text_of(verdict->kind));
    json_member_string(w, "level", text_of(verdict_level_names[verdict->level]));
    json_write_key(w, TEXT("requests"));
    json_write_array_begin(w);
    for (size_t i = 0; i < verdict->request_count; i++)
        journal_write_id(w, report->world, verdict->requests[i]);
    json_write_array_end(w);
    json_member_string(w, "why", verdict->why);
    json_write_object_end(w);
}

bool op_get_verdicts(struct control_call *call, struct error *err)
{
    const struct clock *ticks = &call->worlds->settings.ticks;
    struct json_writer w = control_reply(call, 200);
    struct report report = { call->world, &w, true };

    json_write_object_begin(&w);
    json_write_key(&w, TEXT("verdicts"));
    json_write_array_begin(&w);
    if (!verdicts_judge(call->world, ticks->now_ns(ticks->ctx), call->res->arena, write_verdict,
                        &report))
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    json_write_array_end(&w);
    json_member_bool(&w, "ok", report.ok);
    json_member_i64(&w, "evicted", (int64_t)call->world->journal.evicted);
    json_write_object_end(&w);
    return true;
}

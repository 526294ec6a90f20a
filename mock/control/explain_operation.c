/* GET /_mock/explain/{id}: in sentences, why a request was answered as it was. */
#include <assert.h>
#include <string.h>

#include "mock/api/reasons.h"
#include "mock/api/route.h"
#include "mock/control/control_call.h"
#include "mock/control/journal_json.h"
#include "mock/domain/instances.h"

enum {
    MAX_EVENTS = 10, /* of a history that are told, the last ones */
    MAX_ROUTES = 128,
    MAX_PATH = 256, /* of which a near one is looked for */
    SENTENCE_BYTES = 4096,
};

/* What is being explained. */
struct matter {
    struct control_call *call;
    struct served_world *world;
    const struct journal_entry *entry;
    const struct instance *instance; /* as it is now; NULL: none was meant, or it is gone */
    struct json_writer *w;
};

/* --- finding it ----------------------------------------------------------------------------- */

/* The id says which world it is of, whichever the request chose. */
static bool find_entry(struct control_call *call, struct matter *out, struct error *err)
{
    const struct text id = call->params[0];
    struct text name = id;
    uint64_t number;

    while (name.len > 0 && name.data[name.len - 1] != '-')
        name.len--;
    const struct text digits = { name.data + name.len, id.len - name.len };
    if (name.len < 2 || !text_parse_u64(digits, &number))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "id",
                               "\"" TEXT_FMT "\" is no X-Mock-Request-Id, such as %s-1",
                               TEXT_ARGS(id), call->world->name);
    name.len--;
    out->world = worlds_find(call->worlds, name);
    out->entry = out->world == NULL ? NULL : journal_find(&out->world->journal, number);
    return out->entry != NULL ||
           error_set_field(err, ERROR_NOT_FOUND, "id",
                           "the journal has no request " TEXT_FMT
                           ": it was one of the control API, has not come, or has gone for lack of "
                           "room",
                           TEXT_ARGS(id));
}

/* --- sentences ------------------------------------------------------------------------------ */

static void say(struct matter *matter, struct buffer *sentence)
{
    json_write_string(matter->w, buffer_text(sentence));
    buffer_clear(sentence);
}

static void append_when(struct buffer *out, int64_t at_ns)
{
    buffer_append_cstr(out, " at ");
    control_append_time(out, at_ns);
}

/* "POST /instances/web1/start (startInstance) was answered 409 invalid_state: ..." */
static void tell_outcome(struct matter *matter, struct buffer *out)
{
    static const char *const ends[] = {
        [JOURNAL_WAITING] = "waits for its answer",
        [JOURNAL_OPEN] = "is being answered",
        [JOURNAL_ANSWERED] = "was answered",
        [JOURNAL_LEFT] = "had its client leave before all was sent of",
        [JOURNAL_LOST] = "lost its answer,",
    };
    const struct journal_entry *entry = matter->entry;
    const char *operation = journal_operation(entry);

    buffer_appendf(out, "%s " TEXT_FMT, http_method_name(entry->method), TEXT_ARGS(entry->path));
    if (operation != NULL)
        buffer_appendf(out, " (%s)", operation);
    buffer_appendf(out, " %s", ends[entry->outcome]);
    if (entry->status != 0)
        buffer_appendf(out, " %d", entry->status);
    if (entry->trace.code != NULL)
        buffer_appendf(out, " %s", entry->trace.code);
    if (entry->trace.message != NULL)
        buffer_appendf(out, ": %s", entry->trace.message);
    say(matter, out);
}

static void tell_reason(struct matter *matter, const struct reason *reason, struct buffer *out)
{
    if (reason == NULL)
        return;
    buffer_appendf(out, "It was refused by %s: %s.", pipeline_step_name(reason->step),
                   reason->because);
    if (reason->step > STEP_TARGET)
        buffer_append_cstr(out, " What is judged before that was in order.");
    say(matter, out);
}

static void tell_fault(struct matter *matter, struct buffer *out)
{
    const struct trace *trace = &matter->entry->trace;

    if (trace->fault == NULL)
        return;
    buffer_appendf(out, "The fault %s made it so; the operation %s.", trace->fault,
                   trace->unapplied ? "was never carried out" : "was carried out before");
    say(matter, out);
}

static const char *const event_words[] = {
    [HISTORY_CREATED] = "was created",
    [HISTORY_FORKED] = "was made as a fork of ",
    [HISTORY_STARTED] = "was started",
    [HISTORY_RESTARTED] = "was restarted by its restart policy",
    [HISTORY_RESUMED] = "was restored from standby",
    [HISTORY_STANDBY] = "went to standby",
    [HISTORY_AUTO_STANDBY] = "went to standby by its auto-standby policy",
    [HISTORY_STOPPED] = "was stopped",
    [HISTORY_EXITED] = "ended by itself",
    [HISTORY_CAPTURED] = "was captured as snapshot ",
    [HISTORY_COPIED] = "was forked as ",
    [HISTORY_RESTORED] = "was replaced by snapshot ",
    [HISTORY_UPDATED] = "was changed",
    [HISTORY_ATTACHED] = "got a volume attached",
    [HISTORY_DETACHED] = "got a volume detached",
    [HISTORY_FORCED] = "was forced into a state by a test",
};
static_assert(ARRAY_LEN(event_words) == HISTORY_KIND_COUNT, "one word per kind");

static void tell_event(struct matter *matter, const struct history_event *event, struct buffer *out)
{
    buffer_append_text(out, matter->instance->config->name);
    buffer_appendf(out, " %s", event_words[event->kind]);
    if (trace_has(&event->other))
        buffer_append_text(out, resource_id_text(&event->other));
    append_when(out, event->at_ns);
    if (event->has_exit_code)
        buffer_appendf(out, ", with exit code %d", (int)event->exit_code);
    say(matter, out);
}

/* What led there; what came later did not. */
static void tell_history(struct matter *matter, struct buffer *out)
{
    const struct history_event *events[HISTORY_MAX];

    if (matter->instance == NULL)
        return;
    size_t count = history_list(matter->instance->history, events);
    while (count > 0 && events[count - 1]->at_ns > matter->entry->at_ns)
        count--;
    for (size_t i = count > MAX_EVENTS ? count - MAX_EVENTS : 0; i < count; i++)
        tell_event(matter, events[i], out);
}

static void tell_now(struct matter *matter, enum instance_state state, struct buffer *out)
{
    if (trace_has(&matter->entry->trace.instance) && matter->instance == NULL) {
        buffer_append_cstr(out, "The instance it was about is no longer there.");
        say(matter, out);
    }
    if (matter->instance == NULL)
        return;
    buffer_append_text(out, matter->instance->config->name);
    buffer_appendf(out, " is %s now; from there it can be asked for", instance_state_name(state));
    for (const struct permission *p = permissions; p->operation != NULL; p++) {
        if ((p->from & FROM_STATE(state)) != 0)
            buffer_appendf(out, "%s %s%s%s", p == permissions ? "" : ",", p->operation,
                           p->with[0] == '\0' ? "" : " with ", p->with);
    }
    say(matter, out);
}

/* --- unknown paths --------------------------------------------------------------------------- */

/* The template with the path's own segments where it has parameters: what could have been meant. */
static const char *fill_in(struct arena *arena, const char *template, struct text path)
{
    SCOPED(buffer) struct buffer out = buffer_capped(2 * MAX_PATH);
    struct text pattern = text_of(template);

    (void)text_split(&pattern, '/');
    (void)text_split(&path, '/');
    while (pattern.data != NULL) {
        const struct text wanted = text_split(&pattern, '/');
        const struct text given = path.data == NULL ? (struct text){ 0 } : text_split(&path, '/');
        buffer_append_byte(&out, '/');
        buffer_append_text(&out, wanted.len > 0 && wanted.data[0] == '{' && given.len > 0 ? given
                                                                                          : wanted);
    }
    return out.failed ? NULL : arena_copy(arena, buffer_text(&out));
}

/* The path of the table that is nearest to one that is not in it; NULL: none is near. */
static const char *nearest_path(struct arena *arena, struct text path)
{
    const char *filled[MAX_ROUTES] = { 0 };
    char word[MAX_PATH];
    size_t count = 0;

    if (path.len >= sizeof word)
        return NULL;
    memcpy(word, path.data, path.len);
    word[path.len] = '\0';
    for (; routes[count].path != NULL && count + 1 < MAX_ROUTES; count++) {
        filled[count] = fill_in(arena, routes[count].path, path);
        if (filled[count] == NULL)
            return NULL;
    }
    const char *nearest = text_nearest(word, filled);
    for (size_t i = 0; nearest != NULL && i < count; i++) {
        if (filled[i] == nearest)
            return routes[i].path;
    }
    return NULL;
}

static void append_methods(struct buffer *out, const char *path)
{
    const char *separator = "";

    for (const struct route *route = routes; route->path != NULL; route++) {
        if (strcmp(route->path, path) != 0)
            continue;
        buffer_appendf(out, "%s%s", separator, http_method_name(route->method));
        separator = ", ";
    }
}

static const char *near_path(const struct matter *matter)
{
    return matter->entry->trace.refused == STEP_ROUTE
               ? nearest_path(matter->call->res->arena, matter->entry->path)
               : NULL;
}

static void tell_nearest(struct matter *matter, const char *nearest, struct buffer *out)
{
    if (nearest == NULL)
        return;
    buffer_appendf(out, "The nearest path is %s, which takes ", nearest);
    append_methods(out, nearest);
    say(matter, out);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void write_rules(struct json_writer *w, const struct reason *reason)
{
    struct text rest = text_of(reason == NULL ? "" : reason->rules);

    json_write_key(w, TEXT("rules"));
    json_write_array_begin(w);
    while (rest.len > 0)
        json_write_string(w, text_split(&rest, ' '));
    json_write_array_end(w);
}

static void write_allowed(struct json_writer *w, enum instance_state state)
{
    const char *last = "";

    json_member_string(w, "state_now", text_of(instance_state_name(state)));
    json_write_key(w, TEXT("allowed_now"));
    json_write_array_begin(w);
    for (const struct permission *p = permissions; p->operation != NULL; p++) {
        if ((p->from & FROM_STATE(state)) == 0 || strcmp(last, p->operation) == 0)
            continue;
        json_write_string(w, text_of(p->operation));
        last = p->operation;
    }
    json_write_array_end(w);
}

static void write_explanation(struct matter *matter)
{
    SCOPED(buffer) struct buffer sentence = buffer_capped(SENTENCE_BYTES);
    const struct trace *trace = &matter->entry->trace;
    const struct reason *reason = reason_find(trace);
    const char *nearest = near_path(matter);
    struct json_writer *w = matter->w;
    const enum instance_state state =
        matter->instance == NULL
            ? INSTANCE_UNKNOWN
            : instance_view(matter->instance, world_now_ns(matter->world->world)).state;

    json_write_object_begin(w);
    json_write_key(w, TEXT("id"));
    journal_write_id(w, matter->world, matter->entry->number);
    json_member_i64(w, "status", matter->entry->status);
    if (reason != NULL)
        json_member_string(w, "refused_by", text_of(pipeline_step_name(reason->step)));
    write_rules(w, reason);
    if (matter->instance != NULL)
        write_allowed(w, state);
    if (nearest != NULL)
        json_member_string(w, "nearest", text_of(nearest));
    json_write_key(w, TEXT("sentences"));
    json_write_array_begin(w);
    tell_outcome(matter, &sentence);
    tell_reason(matter, reason, &sentence);
    tell_fault(matter, &sentence);
    tell_history(matter, &sentence);
    tell_now(matter, state, &sentence);
    tell_nearest(matter, nearest, &sentence);
    json_write_array_end(w);
    json_write_object_end(w);
}

bool op_explain(struct control_call *call, struct error *err)
{
    struct matter matter = { .call = call };

    if (!find_entry(call, &matter, err))
        return false;
    struct json_writer w = control_reply(call, 200);
    matter.w = &w;
    if (trace_has(&matter.entry->trace.instance))
        matter.instance =
            instances_find(matter.world->world, resource_id_text(&matter.entry->trace.instance));
    write_explanation(&matter);
    return true;
}

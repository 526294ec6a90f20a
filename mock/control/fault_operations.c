/* The faults of a world: making, showing and removing their rules. */
#include "mock/control/control_call.h"
#include "mock/control/faults.h"

static void write_fault(struct json_writer *w, const struct fault *fault)
{
    char id[FAULT_ID_BYTES];

    fault_format_id(fault, id);
    json_write_object_begin(w);
    json_member_string(w, "id", text_of(id));
    json_member_i64(w, "matched", (int64_t)fault->matched);
    json_member_i64(w, "applied", (int64_t)fault->applied);
    json_write_key(w, TEXT("rule"));
    json_write_raw(w, fault->rule->source);
    json_write_object_end(w);
}

/* From the index-th to the last. */
static void write_faults(struct json_writer *w, const struct faults *all, size_t index)
{
    json_write_array_begin(w);
    for (; index < all->count; index++)
        write_fault(w, &all->items[index]);
    json_write_array_end(w);
}

bool op_list_faults(struct control_call *call, struct error *err)
{
    struct json_writer w = control_reply(call, 200);
    (void)err;

    write_faults(&w, &call->world->faults, 0);
    return true;
}

static bool find_fault(struct control_call *call, struct fault **out, struct error *err)
{
    *out = faults_find(&call->world->faults, call->params[0]);
    return *out != NULL ||
           error_set_field(err, ERROR_NOT_FOUND, "id",
                           "there is no fault " TEXT_FMT " in this world; GET /_mock/faults has "
                           "those there are",
                           TEXT_ARGS(call->params[0]));
}

bool op_get_fault(struct control_call *call, struct error *err)
{
    struct fault *fault;

    if (!find_fault(call, &fault, err))
        return false;
    struct json_writer w = control_reply(call, 200);
    write_fault(&w, fault);
    return true;
}

/* All of them, or none. */
static bool read_rules(const struct json_at *body, struct fault_rule **out, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct json_at at = json_is_array(body->value) ? json_item(body, i) : *body;
        if (fault_rule_read(&at, &out[i], err))
            continue;
        while (i > 0)
            fault_rule_release(out[--i]);
        return false;
    }
    return true;
}

static void reply_made(struct control_call *call, size_t before)
{
    const struct faults *all = &call->world->faults;
    struct json_writer w = control_reply(call, 201);

    if (json_is_array(call->body.value))
        write_faults(&w, all, before);
    else
        write_fault(&w, &all->items[before]);
    buffer_append_byte(&call->res->body, '\n');
}

bool op_create_faults(struct control_call *call, struct error *err)
{
    struct faults *all = &call->world->faults;
    const size_t before = all->count;
    const size_t count = json_is_array(call->body.value) ? json_array_size(call->body.value) : 1;
    struct fault_rule *rules[FAULTS_MAX];

    if (count > FAULTS_MAX - before)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                         "a world has at most %d faults, and this one has %zu; delete some",
                         FAULTS_MAX, before);
    if (!read_rules(&call->body, rules, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        faults_add(all, rules[i]);
    reply_made(call, before);
    if (!call->res->body.failed)
        return true;
    while (all->count > before)
        faults_remove(all, &all->items[all->count - 1]);
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool op_delete_fault(struct control_call *call, struct error *err)
{
    struct fault *fault;

    if (!find_fault(call, &fault, err))
        return false;
    faults_remove(&call->world->faults, fault);
    return control_reply_empty(call);
}

bool op_delete_faults(struct control_call *call, struct error *err)
{
    (void)err;
    faults_clear(&call->world->faults);
    return control_reply_empty(call);
}

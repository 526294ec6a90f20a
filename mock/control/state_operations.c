/* A world as a document: GET /_mock/state gives it, PUT puts it in the world's place. */
#include "mock/control/control_call.h"

bool op_get_state(struct control_call *call, struct error *err)
{
    (void)control_reply(call, 200);
    return served_world_save(call->world, &call->res->body, err);
}

bool op_put_state(struct control_call *call, struct error *err)
{
    const struct served_world *old = call->world;
    struct served_world *world;

    return served_world_load(text_of(old->name), &old->plan, &call->body, &world, err) &&
           control_replace_world(call, world, true, err);
}

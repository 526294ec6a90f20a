#include "mock/control/fault_handle.h"

#include "common/base/checked.h"
#include "mock/control/faults.h"
#include "mock/control/symptom.h"

/* The answer has the fault, and comes at *until_ns of the world's clock. */
static bool spoil(struct served_world *world, struct fault *fault, struct response *res,
                  int64_t *until_ns, struct error *err)
{
    const struct fault_rule *rule = fault->rule;
    char id[FAULT_ID_BYTES];

    fault_format_id(fault, id);
    res->trace.fault = arena_copy(res->arena, text_of(id));
    if (res->trace.fault == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (!symptom_apply(&rule->symptom, world->world, res, err))
        return false;
    res->trace.unapplied = !rule->commits;
    res->cause = res->trace.fault;
    if (!res->spoil.lost && res->header_count < RESPONSE_MAX_HEADERS)
        response_add_header(res, "X-Mock-Fault", res->trace.fault);
    *until_ns =
        i64_add_capped(world_now_ns(world->world),
                       fault_rule_delay_ns(rule, rng_from_seed(&fault->luck, fault->luck.state)));
    return true;
}

/* --- answers that are to come, or to be held back -------------------------------------------- */

struct course {
    struct served_world *world;
    struct response_wait operation; /* its own wait; again is NULL once it has answered */
    uint64_t about;                 /* rules, as long as these are not changed          */
    uint64_t changes;
    int64_t until_ns; /* when the answer may go */
};

static void spoil_or_fail(struct served_world *world, struct fault *fault, struct response *res,
                          int64_t *until_ns)
{
    struct error err = { 0 };

    if (!spoil(world, fault, res, until_ns, &err))
        response_error(res, 500, "internal_error", err.message, true);
}

/* struct response_wait */
static bool go_on(void *ctx, struct response *res, int64_t now_ns, bool last)
{
    struct course *course = ctx;
    struct faults *faults = &course->world->faults;

    if (course->operation.again != NULL) {
        if (!course->operation.again(course->operation.ctx, res, now_ns, last))
            return false;
        course->operation.again = NULL;
        struct fault *fault =
            course->changes == faults->changes ? faults_choose(faults, course->about, res) : NULL;
        if (fault != NULL)
            spoil_or_fail(course->world, fault, res, &course->until_ns);
    }
    if (last || now_ns >= course->until_ns)
        return true;
    res->wake_at_ns = course->until_ns;
    return false;
}

/* Takes the answer's wait over. False, and nothing done, when out of memory. */
static bool set_course(struct served_world *world, uint64_t about, int64_t until_ns,
                       struct response *res)
{
    struct course *course = arena_alloc(res->arena, sizeof *course);

    if (course == NULL)
        return false;
    *course = (struct course){
        .world = world,
        .operation = res->wait,
        .about = about,
        .changes = world->faults.changes,
        .until_ns = until_ns,
    };
    if (res->wait.again == NULL)
        res->wake_at_ns = until_ns;
    res->wait = (struct response_wait){ go_on, course };
    return true;
}

static void fail(struct response *res)
{
    res->wait = (struct response_wait){ 0 };
    response_error(res, 500, "internal_error", "out of memory", true);
}

static void apply(struct served_world *world, struct fault *fault, struct response *res)
{
    const int64_t now_ns = world_now_ns(world->world);
    int64_t until_ns = now_ns;

    spoil_or_fail(world, fault, res, &until_ns);
    if (until_ns > now_ns && !set_course(world, 0, until_ns, res))
        fail(res);
    if (response_must_wait(res))
        api_wait(world->api, res);
}

/* --- before and after the operation ---------------------------------------------------------- */

/* What the operation would have answered: it happens in a copy of the world, which is thrown away.
 * An answer that takes longer than that is lost. */
static void answer_in_vain(struct served_world *world, const struct http_request *req,
                           const struct symptom *symptom, struct response *res)
{
    struct served_world *copy = served_world_fork(world, text_of(world->name));

    if (copy == NULL) {
        fail(res);
        return;
    }
    api_handle(copy->api, req, res);
    if (res->waiting)
        api_forget(copy->api, res);
    const bool unfinished =
        res->wait.again != NULL || (res->stream.next != NULL && !res->stream.ended);
    res->wait = (struct response_wait){ 0 };
    response_close_stream(res);
    served_world_free(copy);
    res->trace.made = res->trace.snapshot = (struct resource_id){ 0 }; /* perhaps of the copy */
    if (unfinished || !symptom_fits(symptom, res))
        symptom_lose(res);
}

static void keep_from_happening(struct served_world *world, struct fault *fault,
                                const struct http_request *req, struct response *res)
{
    const struct symptom *symptom = &fault->rule->symptom;

    if (symptom_needs_answer(symptom))
        answer_in_vain(world, req, symptom, res);
    apply(world, fault, res);
}

static void spoil_answer(struct served_world *world, uint64_t about, struct response *res)
{
    if (res->wait.again != NULL) {
        if (!set_course(world, about, 0, res)) {
            api_forget(world->api, res);
            fail(res);
        }
        return;
    }
    struct fault *fault = faults_choose(&world->faults, about, res);
    if (fault == NULL)
        return;
    if (res->waiting) /* for the first piece of a stream */
        api_forget(world->api, res);
    apply(world, fault, res);
}

void fault_handle(struct served_world *world, const struct http_request *req, struct response *res)
{
    struct api_subject subject;
    struct error no_memory = { 0 }; /* of which the operation will soon lack, too */
    uint64_t about = 0;

    if (world->faults.count > 0 && api_identify(world->api, req, res, &subject, &no_memory))
        about = faults_about(&world->faults, req, &subject);
    struct fault *fault = about == 0 ? NULL : faults_choose(&world->faults, about, NULL);
    if (fault != NULL) {
        keep_from_happening(world, fault, req, res);
        return;
    }
    api_handle(world->api, req, res);
    if (about != 0)
        spoil_answer(world, about, res);
}

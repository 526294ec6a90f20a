#include "conformance/rpc/twins.h"

#include <stdio.h>

#include "common/json/json_document.h"
#include "conformance/rpc/answer.h"

enum { DIFFERENCES_MAX = 20 };

/* ---- what differs ---- */

static const char *below(struct arena *arena, const char *path, const char *name)
{
    const char *both = arena_printf(arena, "%s/%s", path, name);

    return both == NULL ? path : both;
}

static void differ(const json_t *rest, const json_t *grpc, const char *path,
                   struct match_report *report);

static void differ_in_members(const json_t *rest, const json_t *grpc, const char *path,
                              struct match_report *report)
{
    json_t *left = (json_t *)(uintptr_t)rest, *right = (json_t *)(uintptr_t)grpc;
    /* jansson's iterators lack const */

    for (void *at = json_object_iter(left); at != NULL; at = json_object_iter_next(left, at)) {
        const char *name = json_object_iter_key(at);
        differ(json_object_iter_value(at), json_object_get(right, name),
               below(report->arena, path, name), report);
    }
    for (void *at = json_object_iter(right); at != NULL; at = json_object_iter_next(right, at)) {
        const char *name = json_object_iter_key(at);
        if (json_object_get(left, name) == NULL)
            differ(NULL, json_object_iter_value(at), below(report->arena, path, name), report);
    }
}

/* A line for each place, as deep as it goes. */
static void differ(const json_t *rest, const json_t *grpc, const char *path,
                   struct match_report *report)
{
    if (report->mismatches >= DIFFERENCES_MAX)
        return;
    if (json_is_object(rest) && json_is_object(grpc)) {
        differ_in_members(rest, grpc, path, report);
        return;
    }
    if (json_is_array(rest) && json_array_size(rest) == json_array_size(grpc)) {
        for (size_t i = 0; i < json_array_size(rest); i++) {
            const char *index = arena_printf(report->arena, "%s/%zu", path, i);
            differ(json_array_get(rest, i), json_array_get(grpc, i), index == NULL ? path : index,
                   report);
        }
        return;
    }
    const bool same = rest == grpc || (rest != NULL && grpc != NULL && json_equal(rest, grpc));
    (void)match_note(report, same, path, same ? "" : match_show(report->arena, rest),
                     same ? "" : match_show(report->arena, grpc));
}

static json_t *parse(struct text body)
{
    struct error ignored = { 0 };
    json_t *json = NULL;

    return body.len > 0 && json_document_load(body, false, &json, &ignored) ? json : NULL;
}

/* ---- answers ---- */

static void compare_success(const struct rpc_method *method, const struct exchange *rest,
                            const struct exchange *grpc, struct match_report *report)
{
    json_auto_t *said = parse(rest->answer.body), *reduced = NULL;
    json_auto_t *got = parse(grpc->answer.body);
    struct error err = { 0 };

    if (method->streams) /* its events are texts already */
        (void)match_note(report, text_equal(rest->answer.body, grpc->answer.body), "events",
                         "as by REST", "others");
    else if (!rpc_answer_reduce(method, said, &reduced, &err))
        (void)match_note(report, false, "", "what a reply can say", err.message);
    else
        differ(json_is_null(reduced) ? NULL : reduced, got, "", report);
}

/* What the real server pastes together is no JSON; its code and message come over all the same
 * (VALID-002). */
static void compare_failure(const struct exchange *rest, const struct exchange *grpc,
                            struct match_report *report)
{
    json_auto_t *said = parse(rest->answer.body), *got = parse(grpc->answer.body);

    if (json_object_get(said, "code") == NULL)
        return;
    differ(json_object_get(said, "code"), json_object_get(got, "code"), "/code", report);
    differ(json_object_get(said, "message"), json_object_get(got, "message"), "/message", report);
}

static void compare_answers(const struct rpc_api *api, const struct exchange *rest,
                            const struct exchange *grpc, struct match_report *report)
{
    struct text captures[PATH_TEMPLATE_MAX_VARIABLES], path, query;
    const int left = rest->answer.status, right = grpc->answer.status;

    http_split_target(text_of(grpc->target), &path, &query);
    const struct rpc_method *method = rpc_api_find(api, grpc->method, path, captures);
    const bool succeeded = left < 300 && right < 300; /* there is one success over gRPC */
    char statuses[2][16];
    (void)snprintf(statuses[0], sizeof statuses[0], "%d", left);
    (void)snprintf(statuses[1], sizeof statuses[1], "%d", right);
    if (!match_note(report, succeeded || left == right, "status", statuses[0], statuses[1]))
        return;
    if (!succeeded)
        compare_failure(rest, grpc, report);
    else if (method != NULL)
        compare_success(method, rest, grpc, report);
}

/* ---- the whole ---- */

static const struct exchange *next_answer(const struct exchange *x)
{
    while (x != NULL && (!x->answered || exchange_is_control(x)))
        x = x->next;
    return x;
}

/* The first step whose answers differ. */
static const struct step *compare_all(const struct rpc_api *api, const struct result *by_rest,
                                      const struct result *by_grpc, struct match_report *report)
{
    const struct exchange *rest = next_answer(by_rest->exchanges);
    const struct exchange *grpc = next_answer(by_grpc->exchanges);

    for (; rest != NULL && grpc != NULL && rest->step == grpc->step;
         rest = next_answer(rest->next), grpc = next_answer(grpc->next)) {
        compare_answers(api, rest, grpc, report);
        if (report->mismatches > 0)
            return rest->step;
    }
    (void)match_note(report, rest == NULL && grpc == NULL, "number of answers", "the same by both",
                     "another by one");
    return rest != NULL ? rest->step : grpc != NULL ? grpc->step : NULL;
}

static void compare_states(const struct text *states, struct match_report *report)
{
    if (text_equal(states[VIA_REST], states[VIA_GRPC])) {
        (void)match_note(report, states[VIA_REST].len > 0, "state", "a document", "nothing");
        return;
    }
    json_auto_t *rest = parse(states[VIA_REST]), *grpc = parse(states[VIA_GRPC]);
    differ(rest, grpc, "state", report);
    if (report->mismatches == 0)
        (void)match_note(report, false, "state", "the same bytes", "others");
}

static bool play_twin(const struct scenario *scenario, const struct stage *stage, enum via via,
                      struct twin *twin, struct result *result)
{
    struct stage own = *stage;
    const char *world =
        arena_printf(&result->arena, "%s-%s", stage->prefix, via == VIA_REST ? "rest" : "grpc");

    twin->world = world == NULL ? stage->prefix : world;
    own.via = via;
    own.twin = twin;
    return play(scenario, &own, result);
}

/* What became of a twin that came to no good end. */
static void take_over(struct result *result, const struct result *from)
{
    const char *reason = from->reason == NULL ? "by gRPC" : from->reason;
    struct match_report report = { .arena = &result->arena };

    result->outcome = from->outcome;
    result->at = from->at;
    result->reason = arena_copy(&result->arena, text_of(reason));
    result->checks = from->checks;
    for (const struct mismatch *m = from->mismatches; m != NULL; m = m->next)
        (void)match_note(&report, false, m->path, m->expected, m->got);
    result->mismatches = report.first;
}

/* Whether they came as far as each other; what a scenario expects is judged where it is played
 * alone, with a clock that runs. */
static bool ended_alike(const struct result *a, const struct result *b)
{
    return a->outcome == b->outcome && a->at == b->at;
}

static bool has_verdict(const struct result *result)
{
    return result->outcome == OUTCOME_PASS || result->outcome == OUTCOME_FAIL;
}

/* Both twins have been played: is there a difference? */
static void compare(const struct rpc_api *api, const struct result *grpc, const struct text *states,
                    struct result *result)
{
    struct match_report report = { .arena = &result->arena };
    const struct step *at = compare_all(api, result, grpc, &report);
    const char *reason = grpc->reason;

    if (report.mismatches == 0)
        compare_states(states, &report);
    if (report.mismatches > 0)
        reason = "- is by REST, + by gRPC";
    else if (!ended_alike(result, grpc)) {
        if (result->outcome == OUTCOME_PASS)
            take_over(result, grpc);
        return;
    } else if (result->outcome == OUTCOME_FAIL)
        reason = arena_printf(&result->arena, "alike up to \"%s\", for which a clock must run",
                              result->at->title);
    result->at = at;
    result->checks += report.checks + grpc->checks;
    result->mismatches = report.first;
    result->outcome = report.mismatches == 0 ? OUTCOME_PASS : OUTCOME_FAIL;
    result->reason = reason == NULL ? NULL : arena_copy(&result->arena, text_of(reason));
}

bool twins_play(const struct scenario *scenario, const struct stage by[static 2],
                const struct rpc_api *api, struct result *result)
{
    const int64_t now_ns = by[VIA_REST].wall_ns(by[VIA_REST].ctx);
    struct text states[2] = { 0 };
    struct result *first = result_new(scenario, VIA_GRPC);

    if (first == NULL) {
        result->outcome = OUTCOME_ERROR;
        result->reason = "out of memory";
        return true;
    }
    struct twin grpc = { .now_ns = now_ns, .state = &states[VIA_GRPC] };
    struct twin rest = { .now_ns = now_ns, .state = &states[VIA_REST], .first = first };
    bool reached = play_twin(scenario, &by[VIA_GRPC], VIA_GRPC, &grpc, first);
    if (!reached || !has_verdict(first)) {
        take_over(result, first);
    } else {
        reached = play_twin(scenario, &by[VIA_REST], VIA_REST, &rest, result);
        if (reached && has_verdict(result))
            compare(api, first, states, result);
    }
    result->took_ns += first->took_ns;
    result_free(first);
    return reached;
}

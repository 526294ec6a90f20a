#include "conformance/suite/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "common/http/http.h"
#include "common/json/go_duration.h"
#include "common/json/json_document.h"
#include "conformance/suite/bundle.h"
#include "conformance/suite/capability.h"
#include "conformance/suite/fragment.h"
#include "conformance/suite/match.h"
#include "conformance/suite/token.h"

enum { SCENARIOS_MAX = 4096, STEPS_MAX = 256, RULES_MAX = 128, NEEDS_MAX = 8, RAW_MAX = 1 << 20 };

struct loader {
    struct text bundle;
    const struct catalogue *catalogue;
    struct scenario_set *set;
    /* Of the scenario that is being read: */
    const char *rules[RULES_MAX + 1];
    size_t rule_count;
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* ---- members ---- */

static bool get_copy(struct loader *l, const struct json_at *obj, const char *key, bool required,
                     const char **out, struct error *err)
{
    struct text t = { 0 };

    if (!json_get_string(obj, key, required, &t, err))
        return false;
    if (t.data == NULL)
        return true;
    if (memchr(t.data, '\0', t.len) != NULL) {
        const struct json_at at = json_member(obj, key);
        return json_complain(&at, err, "must not hold a NUL");
    }
    *out = arena_copy(&l->set->arena, t);
    return *out != NULL || no_memory(err);
}

static bool get_duration(const struct json_at *obj, const char *key, int64_t *out_ns,
                         struct error *err)
{
    struct text t = { 0 };
    struct error why = { 0 };
    const struct json_at at = json_member(obj, key);

    if (!json_get_string(obj, key, false, &t, err))
        return false;
    if (t.data == NULL)
        return true;
    if (go_duration_parse(t, out_ns, &why) && *out_ns > 0)
        return true;
    return json_complain(&at, err, "must be a duration above zero such as \"1m30s\"");
}

/* One of the names, by index. */
static bool get_choice(const struct json_at *obj, const char *key, const char *const *names,
                       size_t *out, struct error *err)
{
    struct text t = { 0 };
    const struct json_at at = json_member(obj, key);

    if (!json_get_string(obj, key, false, &t, err))
        return false;
    if (t.data == NULL)
        return true;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (text_equal_cstr(t, names[i])) {
            *out = i;
            return true;
        }
    }
    const char *near = text_nearest(t.data, names);
    return json_complain(&at, err, "must not be \"%s\"%s%s%s", t.data,
                         near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                         near == NULL ? "" : "\"?");
}

static bool get_text_item(const struct json_at *list, size_t i, struct json_at *at,
                          const char **out, struct error *err)
{
    *at = json_item(list, i);
    *out = json_string_value(at->value);
    return *out != NULL || json_complain(at, err, "must be a string");
}

static bool remember_rule(struct loader *l, const struct json_at *at, const char *id,
                          struct error *err)
{
    for (size_t i = 0; i < l->rule_count; i++) {
        if (strcmp(l->rules[i], id) == 0)
            return true;
    }
    if (l->rule_count == RULES_MAX)
        return json_complain(at, err, "is one rule more than the %d of a scenario", RULES_MAX);
    l->rules[l->rule_count++] = id;
    return true;
}

/* A NULL-terminated array in the arena. */
static bool keep_list(struct loader *l, const char *const *items, size_t count,
                      const char *const **out, struct error *err)
{
    const char **list = arena_zalloc(&l->set->arena, (count + 1) * sizeof *list);

    if (list == NULL)
        return no_memory(err);
    memcpy(list, items, count * sizeof *list);
    *out = list;
    return true;
}

static bool get_rules(struct loader *l, const struct json_at *obj, const char *const **out,
                      struct error *err)
{
    const char *ids[RULES_MAX];
    struct json_at list = { 0 }, at;
    size_t count = 0;

    if (!json_get_array(obj, "rules", false, &list, err))
        return false;
    for (; count < json_array_size(list.value); count++) {
        const char *id = NULL;
        if (count == RULES_MAX)
            return json_complain(&list, err, "has more than %d rules", RULES_MAX);
        if (!get_text_item(&list, count, &at, &id, err))
            return false;
        const struct rule *rule = catalogue_find(l->catalogue, text_of(id));
        if (rule == NULL)
            return json_complain(&at, err, "cites %s, which the contract does not have", id);
        if (rule->excluded != NULL)
            return json_complain(&at, err, "cites %s, which exclusions.txt says no case can check",
                                 id);
        ids[count] = rule->id;
        if (!remember_rule(l, &at, rule->id, err))
            return false;
    }
    return keep_list(l, ids, count, out, err);
}

/* ---- a request ---- */

static bool get_request(struct loader *l, const struct json_at *step, const char *key,
                        struct step *out, struct error *err)
{
    struct text line = { 0 };
    const struct json_at at = json_member(step, key);

    if (!json_get_string(step, key, true, &line, err))
        return false;
    struct text target = line;
    struct text method = text_split(&target, ' ');
    if (method.len == 0 || target.len == 0 || target.data[0] != '/')
        return json_complain(&at, err, "must be a method and a path: \"GET /snapshots/${id}\"");
    out->method = arena_copy(&l->set->arena, method);
    out->target = arena_copy(&l->set->arena, target);
    return (out->method != NULL && out->target != NULL) || no_memory(err);
}

static bool is_text_or_null(const struct json_at *at, struct error *err)
{
    return json_is_string(at->value) || json_is_null(at->value) ||
           json_complain(at, err, "must be a string, or null to leave the header out");
}

static bool is_text_or_list(const struct json_at *at, struct error *err)
{
    bool fits = json_is_string(at->value) || json_is_array(at->value);

    for (size_t i = 0; fits && i < json_array_size(at->value); i++)
        fits = json_is_string(json_array_get(at->value, i));
    return fits || json_complain(at, err, "must be a string, or an array of strings");
}

static bool is_pointer(const struct json_at *at, struct error *err)
{
    const char *pointer = json_string_value(at->value);

    return (pointer != NULL && (pointer[0] == '\0' || pointer[0] == '/')) ||
           json_complain(at, err, "must be a JSON pointer such as \"/id\"");
}

/* An object each of whose members passes. */
static bool get_members(const struct json_at *obj, const char *key,
                        bool (*accepts)(const struct json_at *at, struct error *err),
                        const json_t **out, struct error *err)
{
    struct json_at members = { 0 };

    if (!json_get_object(obj, key, false, &members, err))
        return false;
    for (void *i = json_object_iter(members.value); i != NULL;
         i = json_object_iter_next(members.value, i)) {
        const struct json_at at = { .value = json_object_iter_value(i),
                                    .parent = &members,
                                    .key = json_object_iter_key(i) };
        if (!accepts(&at, err))
            return false;
    }
    *out = members.value;
    return true;
}

static bool get_raw(struct loader *l, const struct json_at *step, struct step *out,
                    struct error *err)
{
    struct text encoded = { 0 };
    SCOPED(buffer) struct buffer bytes = buffer_capped(RAW_MAX);
    const struct json_at at = json_member(step, "raw_base64");

    if (!json_get_string(step, "raw", false, &out->raw, err) ||
        !json_get_string(step, "raw_base64", false, &encoded, err))
        return false;
    if ((out->body != NULL) + (out->raw.data != NULL) + (encoded.data != NULL) > 1)
        return json_complain(step, err, "may have one of \"body\", \"raw\" and \"raw_base64\"");
    if (encoded.data == NULL)
        return true;
    if (!base64_decode(&bytes, encoded))
        return bytes.failed ? buffer_error(&bytes, err) : json_complain(&at, err, "must be base64");
    out->raw = (struct text){ arena_copy(&l->set->arena, buffer_text(&bytes)), bytes.len };
    return out->raw.data != NULL || no_memory(err);
}

static bool get_token(const struct json_at *step, struct step *out, struct error *err)
{
    struct json_at token = { 0 };

    if (!json_get_object(step, "token", false, &token, err))
        return false;
    out->token = token.value;
    return token.value == NULL || token_check(&token, err);
}

/* ---- what is expected ---- */

static bool get_status(const struct json_at *at, struct expectation *out, struct error *err)
{
    json_int_t status = json_integer_value(at->value);

    if (!json_is_integer(at->value) || status < 100 || status > 599)
        return json_complain(at, err, "must be a status such as 404, or an array of them");
    if (out->status_count == STATUSES_MAX)
        return json_complain(at, err, "is one more than the %d that may be given", STATUSES_MAX);
    out->statuses[out->status_count++] = (int)status;
    return true;
}

static bool get_statuses(const struct json_at *expect, struct expectation *out, struct error *err)
{
    const struct json_at at = json_member(expect, "status");

    if (at.value == NULL)
        return true;
    out->status_count = 0;
    if (!json_is_array(at.value))
        return get_status(&at, out, err);
    for (size_t i = 0; i < json_array_size(at.value); i++) {
        const struct json_at item = json_item(&at, i);
        if (!get_status(&item, out, err))
            return false;
    }
    return true;
}

static bool get_matcher(const struct json_at *obj, const char *key, const json_t **out,
                        struct error *err)
{
    const struct json_at at = { .value = json_object_get(obj->value, key),
                                .parent = obj,
                                .key = key };

    if (at.value == NULL)
        return true;
    *out = at.value;
    return match_check(&at, err);
}

static bool get_conditions(struct loader *l, const struct json_at *expect, struct expectation *out,
                           struct error *err)
{
    return get_statuses(expect, out, err) && get_copy(l, expect, "code", false, &out->code, err) &&
           get_matcher(expect, "message", &out->message, err) &&
           get_members(expect, "headers", match_check, &out->headers, err) &&
           get_matcher(expect, "body", &out->body, err) &&
           get_matcher(expect, "text", &out->text, err);
}

/* "server" says all that is expected in that truth; only the status may be taken over. */
static bool get_expectations(struct loader *l, const struct json_at *step, struct step *out,
                             struct error *err)
{
    static const char *const keys[] = { "status", "code", "message", "headers",
                                        "body",   "text", "server",  NULL };
    static const char *const server_keys[] = { "status", "code", "message", "headers",
                                               "body",   "text", NULL };
    struct json_at expect = { 0 }, server = { 0 };
    struct expectation *spec = &out->expect[TRUTH_SPEC];

    if (!json_get_object(step, "expect", true, &expect, err) ||
        !json_allow_keys(&expect, keys, err) || !get_conditions(l, &expect, spec, err))
        return false;
    if (spec->status_count == 0) {
        const struct json_at status = json_member(&expect, "status");
        return json_complain(&status, err, "is missing");
    }
    if (!json_get_object(&expect, "server", false, &server, err))
        return false;
    out->expect[TRUTH_SERVER] = *spec;
    if (server.value == NULL)
        return true;
    out->expect[TRUTH_SERVER] = (struct expectation){ .status_count = spec->status_count };
    memcpy(out->expect[TRUTH_SERVER].statuses, spec->statuses, sizeof spec->statuses);
    return json_allow_keys(&server, server_keys, err) &&
           get_conditions(l, &server, &out->expect[TRUTH_SERVER], err);
}

static bool get_repeat(const struct json_at *step, struct step *out, struct error *err)
{
    const struct json_at at = json_member(step, "repeat");

    out->repeat = 1;
    if (!json_get_i64(step, "repeat", false, &out->repeat, err) ||
        !get_duration(step, "within", &out->within_ns, err))
        return false;
    if (out->repeat < 1 || out->repeat > 1000)
        return json_complain(&at, err, "must be 1 to 1000");
    return out->repeat == 1 || out->within_ns == 0 ||
           json_complain(&at, err, "has no meaning beside \"within\"");
}

/* What differs over gRPC is read by its transport; here it is only known to be of the form. */
static bool get_grpc(struct loader *l, const struct json_at *step, struct step *out,
                     struct error *err)
{
    static const char *const keys[] = { "code", "skip", NULL };
    struct json_at grpc = { 0 };
    const char *code = NULL, *skip = NULL;

    if (!json_get_object(step, "grpc", false, &grpc, err))
        return false;
    if (grpc.value == NULL)
        return true;
    out->grpc = grpc.value;
    return json_allow_keys(&grpc, keys, err) && get_copy(l, &grpc, "code", false, &code, err) &&
           get_copy(l, &grpc, "skip", false, &skip, err);
}

static bool read_request(struct loader *l, const struct json_at *at, struct step *out,
                         struct error *err)
{
    static const char *const keys[] = { "request",    "token",   "title",   "rules",
                                        "query",      "headers", "body",    "raw",
                                        "raw_base64", "expect",  "capture", "repeat",
                                        "within",     "grpc",    "setup",   NULL };
    out->kind = STEP_REQUEST;
    out->body = json_object_get(at->value, "body");
    return json_allow_keys(at, keys, err) && get_request(l, at, "request", out, err) &&
           get_members(at, "query", is_text_or_list, &out->query, err) &&
           get_members(at, "headers", is_text_or_null, &out->headers, err) &&
           get_token(at, out, err) && get_raw(l, at, out, err) &&
           get_expectations(l, at, out, err) &&
           get_members(at, "capture", is_pointer, &out->capture, err) && get_repeat(at, out, err) &&
           get_grpc(l, at, out, err);
}

static bool read_clock(struct loader *l, const struct json_at *step, struct step *out,
                       struct error *err)
{
    static const char *const keys[] = { "clock", "title", "rules", "setup", NULL };
    static const char *const clock_keys[] = { "mode", "advance", NULL };
    static const char *const modes[] = { "virtual", "auto", NULL };
    struct json_at clock = { 0 };
    size_t mode = 2;

    (void)l;
    out->kind = STEP_CLOCK;
    if (!json_allow_keys(step, keys, err) || !json_get_object(step, "clock", true, &clock, err) ||
        !json_allow_keys(&clock, clock_keys, err) ||
        !get_choice(&clock, "mode", modes, &mode, err) ||
        !get_duration(&clock, "advance", &out->advance_ns, err))
        return false;
    out->clock_mode = modes[mode];
    return out->clock_mode != NULL || out->advance_ns > 0 ||
           json_complain(&clock, err, "must say \"mode\" or \"advance\"");
}

static bool read_hook(struct loader *l, const struct json_at *at, struct step *out,
                      struct error *err)
{
    static const char *const keys[] = { "hook", "body", "title", "rules", "setup", NULL };

    out->kind = STEP_HOOK;
    out->body = json_object_get(at->value, "body");
    return json_allow_keys(at, keys, err) && get_request(l, at, "hook", out, err);
}

/* ---- steps ---- */

/* By the member that tells them apart; a request is what none of them tells. */
static const struct {
    const char *key;
    bool (*read)(struct loader *l, const struct json_at *at, struct step *out, struct error *err);
} step_forms[] = { { "clock", read_clock }, { "hook", read_hook }, { NULL, read_request } };

static const char *title_of(struct loader *l, const struct step *step)
{
    if (step->kind == STEP_CLOCK)
        return "the clock moves";
    return arena_printf(&l->set->arena, "%s %s", step->method, step->target);
}

static bool read_step(struct loader *l, const struct json_at *at, struct step *out,
                      struct error *err)
{
    size_t form = 0;

    while (step_forms[form].key != NULL && json_object_get(at->value, step_forms[form].key) == NULL)
        form++;
    *out = (struct step){ .tree = at->value, .repeat = 1 };
    if (!step_forms[form].read(l, at, out, err) ||
        !json_get_bool(at, "setup", false, &out->setup, err) ||
        !get_rules(l, at, &out->rules, err) || !get_copy(l, at, "title", false, &out->title, err))
        return false;
    if (out->title == NULL)
        out->title = title_of(l, out);
    return out->title != NULL || no_memory(err);
}

/* The steps with those of fragments in place of what uses them. */
static bool expand_steps(struct loader *l, const struct json_at *steps, json_t *out,
                         struct error *err)
{
    for (size_t i = 0; i < json_array_size(steps->value); i++) {
        const struct json_at step = json_item(steps, i);
        const struct json_at setup = json_member(&step, "setup");
        if (setup.value != NULL)
            return json_complain(&setup, err, "is for the steps of fragments");
        bool ok = json_object_get(step.value, "use") != NULL
                      ? fragment_expand(l->bundle, &step, out, err)
                      : json_array_append(out, step.value) == 0 || no_memory(err);
        if (!ok)
            return false;
    }
    return true;
}

static bool read_steps(struct loader *l, const struct json_at *root, struct scenario *out,
                       struct error *err)
{
    struct json_at steps = { 0 };
    json_t *expanded = json_array();

    if (expanded == NULL || json_array_append_new(l->set->trees, expanded) != 0)
        return no_memory(err);
    if (!json_get_array(root, "steps", true, &steps, err) ||
        !expand_steps(l, &steps, expanded, err))
        return false;
    size_t count = json_array_size(expanded);
    if (count == 0 || count > STEPS_MAX)
        return json_complain(&steps, err, "must have 1 to %d steps", STEPS_MAX);
    struct step *items = arena_alloc(&l->set->arena, count * sizeof *items);
    if (items == NULL)
        return no_memory(err);
    const struct json_at all = { .value = expanded, .parent = root, .key = "steps" };
    for (size_t i = 0; i < count; i++) {
        const struct json_at at = json_item(&all, i);
        if (!read_step(l, &at, &items[i], err))
            return false;
    }
    out->steps = items;
    out->step_count = count;
    return true;
}

/* ---- a scenario ---- */

static bool get_truths(const struct json_at *root, struct scenario *out, struct error *err)
{
    static const char *const names[] = { "spec", "server", "both", NULL };
    size_t truth = 2;

    if (!get_choice(root, "truth", names, &truth, err))
        return false;
    for (size_t i = 0; i < TRUTH_COUNT; i++)
        out->truths[i] = truth == TRUTH_COUNT || truth == i;
    return true;
}

static bool get_needs(struct loader *l, const struct json_at *root, struct scenario *out,
                      struct error *err)
{
    const char *needs[NEEDS_MAX];
    struct json_at list = { 0 }, at;
    size_t count = 0;

    if (!json_get_array(root, "needs", false, &list, err))
        return false;
    for (; count < json_array_size(list.value); count++) {
        if (count == NEEDS_MAX)
            return json_complain(&list, err, "has more than %d needs", NEEDS_MAX);
        if (!get_text_item(&list, count, &at, &needs[count], err))
            return false;
        if (capability_is_known(text_of(needs[count])))
            continue;
        const char *near = text_nearest(needs[count], capability_names);
        return json_complain(&at, err, "is no capability%s%s%s",
                             near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                             near == NULL ? "" : "\"?");
    }
    return keep_list(l, needs, count, &out->needs, err);
}

static bool scenario_needs(const struct scenario *scenario, enum capability capability)
{
    for (const char *const *need = scenario->needs; *need != NULL; need++) {
        if (strcmp(*need, capability_rows[capability].name) == 0)
            return true;
    }
    return false;
}

/* A token that the target cannot take proves nothing, and only a world has hooks. */
static bool check_needs(const struct scenario *scenario, const struct json_at *root,
                        struct error *err)
{
    bool has_token = false, has_hook = false;

    for (size_t i = 0; i < scenario->step_count; i++) {
        has_token |= scenario->steps[i].token != NULL;
        has_hook |= scenario->steps[i].kind == STEP_HOOK;
    }
    return (!has_token || scenario_needs(scenario, CAPABILITY_JWT) ||
            json_complain(root, err, "makes tokens, so it needs \"jwt\"")) &&
           (!has_hook || scenario_needs(scenario, CAPABILITY_WORLDS) ||
            json_complain(root, err, "has hooks, so it needs \"worlds\""));
}

static bool read_scenario(struct loader *l, const struct json_at *root, struct scenario *out,
                          struct error *err)
{
    static const char *const keys[] = { "title", "note", "rules", "needs",
                                        "truth", "cost", "steps", NULL };
    const char *note = NULL;
    const char *const *own = NULL;

    l->rule_count = 0;
    if (!json_allow_keys(root, keys, err) || !get_copy(l, root, "title", true, &out->title, err) ||
        !get_copy(l, root, "note", false, &note, err) || !get_rules(l, root, &own, err) ||
        !get_needs(l, root, out, err) || !get_truths(root, out, err) ||
        !get_duration(root, "cost", &out->cost_ns, err) || !read_steps(l, root, out, err) ||
        !check_needs(out, root, err))
        return false;
    if (l->rule_count == 0)
        return json_complain(root, err, "cites no rule");
    return keep_list(l, l->rules, l->rule_count, &out->rules, err);
}

static bool add_scenario(struct loader *l, const struct bundle_file *file, struct text id,
                         struct error *err)
{
    json_t *tree = NULL;

    if (!json_document_load(file->bytes, false, &tree, err))
        return false;
    if (json_array_append_new(l->set->trees, tree) != 0)
        return no_memory(err);
    if (l->set->count == SCENARIOS_MAX)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "more than %d cases", SCENARIOS_MAX);
    struct scenario *out = &l->set->items[l->set->count++];
    *out = (struct scenario){ .id = arena_copy(&l->set->arena, id) };
    const struct json_at root = json_root(tree);
    return (out->id != NULL || no_memory(err)) && read_scenario(l, &root, out, err);
}

static int compare_scenarios(const void *a, const void *b)
{
    return strcmp(((const struct scenario *)a)->id, ((const struct scenario *)b)->id);
}

bool scenario_set_load(struct text bundle, const struct catalogue *catalogue,
                       struct scenario_set *out, struct error *err)
{
    SCOPED(scenario_set)
    struct scenario_set set = { .arena = arena_capped(SIZE_MAX), .trees = json_array() };
    struct loader l = { .bundle = bundle, .catalogue = catalogue, .set = &set };
    struct bundle_file file;
    struct text id;

    set.items = arena_alloc(&set.arena, SCENARIOS_MAX * sizeof *set.items);
    if (set.items == NULL || set.trees == NULL)
        return no_memory(err);
    while (bundle_next(&bundle, &file)) {
        if (bundle_name(file.path, "cases", ".json", &id) && !add_scenario(&l, &file, id, err))
            return error_prefix(err, TEXT_FMT ": ", TEXT_ARGS(file.path));
    }
    if (set.count == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "there are no cases");
    qsort(set.items, set.count, sizeof *set.items, compare_scenarios);
    *out = set;
    set = (struct scenario_set){ 0 };
    return true;
}

void scenario_set_fini(struct scenario_set *set)
{
    json_decref(set->trees);
    arena_fini(&set->arena);
    *set = (struct scenario_set){ 0 };
}

void scenario_set_scope_end(struct scenario_set *set)
{
    scenario_set_fini(set);
}

#include "mock/control/fault_rule.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mock/api/route.h"
#include "mock/control/control_call.h"
#include "mock/domain/instance.h"

enum { MAX_RULE_BYTES = 4 * CONTROL_MAX_BODY, MAX_OPERATIONS = 128 };

/* --- members --------------------------------------------------------------------------------- */

/* What every JSON reader reads exactly, and less than what a drip's arithmetic can bear. */
#define MOST      (INT64_C(1) << 53)
#define MOST_RATE INT64_C(1000000000)

static bool get_count(const struct json_at *obj, const char *key, int64_t least, int64_t most,
                      int64_t *out, struct error *err)
{
    const struct json_at at = json_member(obj, key);
    int64_t value = least;

    if (!json_get_i64(obj, key, false, &value, err))
        return false;
    if (value < least || value > most)
        return json_complain(&at, err, "must be between %lld and %lld", (long long)least,
                             (long long)most);
    if (at.value != NULL)
        *out = value;
    return true;
}

static bool get_number(const struct json_at *obj, const char *key, double most, double *out,
                       struct error *err)
{
    const struct json_at at = json_member(obj, key);

    if (at.value == NULL)
        return true;
    if (!json_is_number(at.value) || json_number_value(at.value) < 0 ||
        json_number_value(at.value) > most)
        return json_complain(&at, err, "must be a number from 0 to %g", most);
    *out = json_number_value(at.value);
    return true;
}

static bool get_status(const struct json_at *obj, int least, int *out, struct error *err)
{
    const struct json_at at = json_member(obj, "status");
    int64_t status = least;

    if (!json_get_i64(obj, "status", false, &status, err))
        return false;
    if (status < least || status > 599)
        return json_complain(&at, err, "must be between %d and 599", least);
    if (at.value != NULL)
        *out = (int)status;
    return true;
}

static bool keep(struct fault_rule *rule, struct text value, struct text *out, struct error *err)
{
    out->data = arena_copy(&rule->arena, value);
    out->len = value.len;
    return out->data != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool get_text(struct fault_rule *rule, const struct json_at *obj, const char *key,
                     struct text *out, struct error *err)
{
    struct text value = { 0 };

    return json_get_string(obj, key, false, &value, err) &&
           (value.data == NULL || keep(rule, value, out, err));
}

/* An object of texts: calls add for each. */
static bool get_pairs(struct fault_rule *rule, const struct json_at *obj, const char *key,
                      size_t most,
                      bool (*add)(struct fault_rule *rule, const struct json_at *at,
                                  struct text name, struct text value, struct error *err),
                      struct error *err)
{
    struct json_at pairs = { 0 };
    const char *name;
    json_t *value;

    if (!json_get_object(obj, key, false, &pairs, err))
        return false;
    if (pairs.value != NULL && json_object_size(pairs.value) > most)
        return json_complain(&pairs, err, "must have at most %zu members", most);
    json_object_foreach(pairs.value, name, value)
    {
        const struct json_at at = { .value = value, .parent = &pairs, .key = name };
        struct text kept_name, kept_value;
        if (!json_is_string(value))
            return json_complain(&at, err, "must be a string");
        const struct text text = { json_string_value(value), json_string_length(value) };
        if (!keep(rule, text_of(name), &kept_name, err) || !keep(rule, text, &kept_value, err) ||
            !add(rule, &at, kept_name, kept_value, err))
            return false;
    }
    return true;
}

/* --- match ----------------------------------------------------------------------------------- */

static bool get_operation(const struct json_at *obj, const char **out, struct error *err)
{
    const char *names[MAX_OPERATIONS + 1] = { 0 };
    size_t chosen = MAX_OPERATIONS;

    for (size_t i = 0; routes[i].path != NULL && i < MAX_OPERATIONS; i++)
        names[i] = routes[i].operation_id;
    if (!control_get_choice(obj, "operation", false, names, &chosen, err))
        return false;
    if (chosen < MAX_OPERATIONS)
        *out = names[chosen];
    return true;
}

static bool get_method(const struct json_at *obj, enum http_method *out, struct error *err)
{
    const struct json_at at = json_member(obj, "method");
    struct text name = { 0 };

    if (!json_get_string(obj, "method", false, &name, err))
        return false;
    *out = name.data == NULL ? HTTP_METHOD_COUNT : http_method_parse(name);
    return *out != HTTP_METHOD_OTHER ||
           json_complain(&at, err, "must be a method in capital letters, such as \"POST\"");
}

static bool get_path(const struct json_at *obj, struct path_template **out, struct error *err)
{
    const struct json_at at = json_member(obj, "path");
    struct text path = { 0 };
    struct error why = { 0 };

    if (!json_get_string(obj, "path", false, &path, err))
        return false;
    if (path.data == NULL)
        return true;
    if (!path_template_parse(path, out, &why))
        return why.code == ERROR_NO_MEMORY
                   ? error_set(err, why.code, "%s", why.message)
                   : json_complain(&at, err, "is not understood: %s", why.message);
    return path_template_variable_count(*out) == 0 ||
           json_complain(&at, err,
                         "must have * where one segment may be anything, and ** for the "
                         "rest, but no {}");
}

static bool add_tag(struct fault_rule *rule, const struct json_at *at, struct text name,
                    struct text value, struct error *err)
{
    struct pair_list *tags = &rule->match.tags;
    struct pair *items = arena_alloc(&rule->arena, (tags->count + 1) * sizeof *items);
    (void)at;

    if (items == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < tags->count; i++)
        items[i] = tags->items[i];
    items[tags->count] = (struct pair){ .key = name, .value = value };
    *tags = (struct pair_list){ .items = items, .count = tags->count + 1 };
    return true;
}

static bool add_wanted_header(struct fault_rule *rule, const struct json_at *at, struct text name,
                              struct text value, struct error *err)
{
    struct fault_match *match = &rule->match;
    (void)at;
    (void)err;

    match->headers[match->header_count++] = (struct http_header){ .name = name, .value = value };
    return true;
}

static bool read_match(struct fault_rule *rule, const struct json_at *obj, struct error *err)
{
    static const char *const keys[] = { "operation", "method",  "path",   "instance",
                                        "tags",      "headers", "status", NULL };
    struct fault_match *match = &rule->match;

    match->method = HTTP_METHOD_COUNT;
    if (obj->value == NULL)
        return true;
    return json_allow_keys(obj, keys, err) && get_operation(obj, &match->operation_id, err) &&
           get_method(obj, &match->method, err) && get_path(obj, &match->path, err) &&
           get_text(rule, obj, "instance", &match->instance, err) &&
           get_pairs(rule, obj, "tags", FAULT_MAX_PAIRS, add_tag, err) &&
           get_pairs(rule, obj, "headers", FAULT_MAX_PAIRS, add_wanted_header, err) &&
           get_status(obj, 100, &match->status, err);
}

/* --- effect ---------------------------------------------------------------------------------- */

/* Members that belong to some symptoms only. */
enum {
    STATUS = 1,
    HEADERS = 2,
    BODY = 4,
    RETRY_AFTER = 8,
    AFTER_BYTES = 16,
    AFTER_EVENTS = 32,
    RATE = 64,
    DELAY = 128
};

static const struct {
    const char *name;
    unsigned bit;
} members[] = {
    { "status", STATUS },
    { "headers", HEADERS },
    { "body", BODY },
    { "retry_after", RETRY_AFTER },
    { "after_bytes", AFTER_BYTES },
    { "after_events", AFTER_EVENTS },
    { "bytes_per_second", RATE },
    { "delay", DELAY },
};

static const struct {
    unsigned takes; /* members */
    unsigned needs;
} forms[] = {
    [SYMPTOM_STATUS] = { STATUS | HEADERS | BODY | RETRY_AFTER | DELAY, STATUS },
    [SYMPTOM_DELAY] = { DELAY, DELAY },
    [SYMPTOM_RESET] = { AFTER_BYTES | DELAY, 0 },
    [SYMPTOM_EMPTY] = { DELAY, 0 },
    [SYMPTOM_HANG] = { 0, 0 },
    [SYMPTOM_TRUNCATE] = { AFTER_BYTES | DELAY, 0 },
    [SYMPTOM_MALFORMED_CHUNK] = { AFTER_BYTES | DELAY, 0 },
    [SYMPTOM_INVALID_JSON] = { DELAY, 0 },
    [SYMPTOM_DRIP] = { RATE | DELAY, RATE },
    [SYMPTOM_CUT_EVENT] = { AFTER_EVENTS | DELAY, 0 },
    [SYMPTOM_STALL] = { AFTER_EVENTS | DELAY, 0 },
    [SYMPTOM_MALFORMED_EVENT] = { AFTER_EVENTS | DELAY, 0 },
};
static_assert(ARRAY_LEN(forms) == SYMPTOM_KIND_COUNT, "one row per symptom");

static bool check_members(const struct json_at *obj, enum symptom_kind kind, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const struct json_at at = json_member(obj, members[i].name);
        const struct json_at named = { .parent = obj, .key = members[i].name };
        if (at.value != NULL && (forms[kind].takes & members[i].bit) == 0)
            return json_complain(&at, err, "has no meaning with \"%s\"", symptom_names[kind]);
        if (at.value == NULL && (forms[kind].needs & members[i].bit) != 0)
            return json_complain(&named, err, "is needed with \"%s\"", symptom_names[kind]);
    }
    return true;
}

static bool is_header_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
            return false;
    }
    return name.len > 0;
}

static bool is_header_value(struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        const unsigned char c = (unsigned char)value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Those of the connection and of the body's length are the edge's. */
static bool add_sent_header(struct fault_rule *rule, const struct json_at *at, struct text name,
                            struct text value, struct error *err)
{
    static const char *const own[] = { "Connection", "Content-Length", "Transfer-Encoding",
                                       "Date",       "X-Mock-Fault",   "X-Mock-Request-Id" };
    struct symptom *symptom = &rule->symptom;

    if (!is_header_name(name) || !is_header_value(value))
        return json_complain(at, err, "must be a header's name with a value of one line");
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (text_equal_nocase(name, text_of(own[i])))
            return json_complain(at, err, "is the server's own header");
    }
    if (text_equal_nocase(name, TEXT("Content-Type")))
        symptom->content_type = value.data;
    else
        symptom->headers[symptom->header_count++] =
            (struct http_header){ .name = name, .value = value };
    return true;
}

/* In whole seconds, as RFC 9110 has it, and for the SDKs, which know it, in milliseconds. */
static bool add_retry_after(struct fault_rule *rule, const struct json_at *obj, struct error *err)
{
    struct symptom *symptom = &rule->symptom;
    int64_t ns = 0;

    if (!control_get_duration(obj, "retry_after", false, &ns, err))
        return false;
    if (ns == 0)
        return true;
    const char *seconds =
        arena_printf(&rule->arena, "%lld", (long long)((ns + NS_PER_SEC - 1) / NS_PER_SEC));
    const char *ms =
        arena_printf(&rule->arena, "%lld", (long long)((ns + NS_PER_MS - 1) / NS_PER_MS));
    if (seconds == NULL || ms == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    symptom->headers[symptom->header_count++] =
        (struct http_header){ TEXT("Retry-After"), text_of(seconds) };
    if (ns % NS_PER_SEC != 0)
        symptom->headers[symptom->header_count++] =
            (struct http_header){ TEXT("Retry-After-Ms"), text_of(ms) };
    return true;
}

/* A text is sent as it is, anything else as JSON. */
static bool read_body(struct fault_rule *rule, const struct json_at *obj, struct error *err)
{
    const struct json_at at = json_member(obj, "body");
    struct symptom *symptom = &rule->symptom;
    SCOPED(buffer) struct buffer json = buffer_capped(CONTROL_MAX_BODY);

    if (at.value == NULL)
        return true;
    if (symptom->content_type == NULL)
        symptom->content_type =
            json_is_string(at.value) ? "text/plain; charset=utf-8" : "application/json";
    if (json_is_string(at.value))
        return get_text(rule, obj, "body", &symptom->body, err);
    return (json_document_append(&json, at.value) || buffer_error(&json, err)) &&
           keep(rule, buffer_text(&json), &symptom->body, err);
}

static bool read_spread(const struct json_at *at, struct fault_delay *out, struct error *err)
{
    static const char *const keys[] = { "min", "max", "median", "sigma", NULL };
    const bool uniform = json_member(at, "median").value == NULL;

    if (!json_allow_keys(at, keys, err))
        return false;
    if (uniform != (json_member(at, "sigma").value == NULL) ||
        uniform != (json_member(at, "min").value != NULL) ||
        uniform != (json_member(at, "max").value != NULL))
        return json_complain(at, err,
                             "must be a duration, {\"min\", \"max\"} or {\"median\", "
                             "\"sigma\"}");
    out->form = uniform ? DELAY_UNIFORM : DELAY_LOG_NORMAL;
    return control_get_duration(at, uniform ? "min" : "median", true, &out->from_ns, err) &&
           control_get_duration(at, "max", uniform, &out->to_ns, err) &&
           get_number(at, "sigma", 10, &out->sigma, err);
}

static bool read_delay(const struct json_at *obj, struct fault_delay *out, struct error *err)
{
    const struct json_at at = json_member(obj, "delay");

    if (at.value == NULL)
        return true;
    if (json_is_object(at.value)) {
        if (!read_spread(&at, out, err))
            return false;
    } else {
        out->form = DELAY_FIXED;
        if (!control_get_duration(obj, "delay", true, &out->from_ns, err))
            return false;
    }
    if (out->from_ns > FAULT_MAX_DELAY_NS || out->to_ns > FAULT_MAX_DELAY_NS)
        return json_complain(&at, err, "must be at most 24h");
    return out->form != DELAY_UNIFORM || out->from_ns <= out->to_ns ||
           json_complain(&at, err, "must have a min that is at most its max");
}

/* Symptoms, and whether the operation is to happen said with them. */
enum { COMMIT_THEN_LOSE = SYMPTOM_KIND_COUNT, LOSE_REQUEST, EFFECT_COUNT };

/* "effect", and "by" where that says only what becomes of the operation. */
static bool read_kind(struct fault_rule *rule, const struct json_at *obj, size_t *effect,
                      struct error *err)
{
    const struct json_at by = json_member(obj, "by");
    const char *names[EFFECT_COUNT + 1] = {
        [COMMIT_THEN_LOSE] = "commit-then-lose", [LOSE_REQUEST] = "lose-request"
    };
    size_t kind = SYMPTOM_RESET;

    for (size_t i = 0; i < SYMPTOM_KIND_COUNT; i++)
        names[i] = symptom_names[i];
    if (!control_get_choice(obj, "effect", true, names, effect, err) ||
        !control_get_choice(obj, "by", false, symptom_names, &kind, err))
        return false;
    if (*effect < SYMPTOM_KIND_COUNT && by.value != NULL)
        return json_complain(&by, err,
                             "has a meaning with \"commit-then-lose\" and \"lose-request\" only");
    rule->symptom.kind = (enum symptom_kind)(*effect < SYMPTOM_KIND_COUNT ? *effect : kind);
    return true;
}

static bool read_effect(struct fault_rule *rule, const struct json_at *obj, struct error *err)
{
    struct symptom *symptom = &rule->symptom;
    const struct json_at match = json_member(obj, "match");
    const struct json_at status = json_member(&match, "status");
    size_t effect = 0;

    symptom->after_bytes = -1;
    if (!read_kind(rule, obj, &effect, err) || !check_members(obj, symptom->kind, err) ||
        !get_status(obj, 200, &symptom->status, err) ||
        !get_pairs(rule, obj, "headers", SYMPTOM_MAX_HEADERS - 2, add_sent_header, err) ||
        !add_retry_after(rule, obj, err) || !read_body(rule, obj, err) ||
        !get_count(obj, "after_bytes", 0, MOST, &symptom->after_bytes, err) ||
        !get_count(obj, "after_events", 0, MOST, &symptom->after_events, err) ||
        !get_count(obj, "bytes_per_second", 1, MOST_RATE, &symptom->bytes_per_second, err) ||
        !read_delay(obj, &rule->delay, err))
        return false;
    rule->commits =
        effect == COMMIT_THEN_LOSE || (effect != LOSE_REQUEST && symptom_needs_answer(symptom));
    return rule->match.status == 0 || rule->commits ||
           json_complain(&status, err, "cannot be known where the operation does not happen");
}

/* --- the rule -------------------------------------------------------------------------------- */

static bool read_counts(struct fault_rule *rule, const struct json_at *obj, struct error *err)
{
    int64_t skip = 0, times = 0, seed = -1;

    rule->probability = 1;
    if (!get_count(obj, "skip", 0, MOST, &skip, err) ||
        !get_count(obj, "times", 1, MOST, &times, err) ||
        !get_number(obj, "probability", 1, &rule->probability, err) ||
        !get_count(obj, "seed", 0, MOST, &seed, err))
        return false;
    rule->skip = (uint64_t)skip;
    rule->times = (uint64_t)times;
    rule->seeded = seed >= 0;
    rule->seed = (uint64_t)seed;
    return true;
}

static bool keep_source(struct fault_rule *rule, const struct json_at *at, struct error *err)
{
    SCOPED(buffer) struct buffer json = buffer_capped(CONTROL_MAX_BODY);

    return (json_document_append(&json, at->value) || buffer_error(&json, err)) &&
           keep(rule, buffer_text(&json), &rule->source, err);
}

static bool read_rule(struct fault_rule *rule, const struct json_at *at, struct error *err)
{
    static const char *const keys[] = {
        "match",       "skip",        "times",        "probability",      "seed",
        "effect",      "by",          "status",       "headers",          "body",
        "retry_after", "after_bytes", "after_events", "bytes_per_second", "delay",
        NULL,
    };
    struct json_at match = { 0 };

    if (!json_is_object(at->value))
        return json_complain(at, err, "must be an object");
    return json_allow_keys(at, keys, err) && json_get_object(at, "match", false, &match, err) &&
           read_match(rule, &match, err) && read_counts(rule, at, err) &&
           read_effect(rule, at, err) && keep_source(rule, at, err);
}

bool fault_rule_read(const struct json_at *at, struct fault_rule **out, struct error *err)
{
    struct fault_rule *rule = calloc(1, sizeof *rule);

    if (rule == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    rule->users = 1;
    rule->arena = arena_capped(MAX_RULE_BYTES);
    if (read_rule(rule, at, err)) {
        *out = rule;
        return true;
    }
    fault_rule_release(rule);
    return false;
}

struct fault_rule *fault_rule_retain(struct fault_rule *rule)
{
    rule->users++;
    return rule;
}

void fault_rule_release(struct fault_rule *rule)
{
    if (rule == NULL || --rule->users > 0)
        return;
    path_template_free(rule->match.path);
    arena_fini(&rule->arena);
    free(rule);
}

/* --- judging --------------------------------------------------------------------------------- */

static bool is_of_instance(const struct fault_match *match, const struct instance *instance)
{
    if (match->instance.data == NULL && match->tags.count == 0)
        return true;
    if (instance == NULL)
        return false;
    const struct instance_config *config = instance->config;
    return (match->instance.data == NULL || text_equal(match->instance, config->id) ||
            text_equal(match->instance, config->name)) &&
           pairs_match(config->tags, match->tags);
}

bool fault_rule_is_about(const struct fault_rule *rule, const struct http_request *req,
                         const struct api_subject *subject)
{
    const struct fault_match *match = &rule->match;

    if (match->operation_id != NULL &&
        (subject->operation_id == NULL || strcmp(match->operation_id, subject->operation_id) != 0))
        return false;
    if (match->method != HTTP_METHOD_COUNT && match->method != req->method)
        return false;
    if (match->path != NULL && !path_template_match(match->path, req->path, NULL))
        return false;
    for (size_t i = 0; i < match->header_count; i++) {
        const struct text value =
            http_find_header(req->headers, req->header_count, match->headers[i].name.data);
        if (value.data == NULL || !text_equal(value, match->headers[i].value))
            return false;
    }
    return is_of_instance(match, subject->instance);
}

bool fault_rule_takes(const struct fault_rule *rule, const struct response *res)
{
    return (rule->match.status == 0 || rule->match.status == res->status) &&
           symptom_fits(&rule->symptom, res);
}

double fault_chance(struct rng rng)
{
    enum { EXACT_BITS = 53 };
    uint64_t bits;

    rng.fill(rng.ctx, &bits, sizeof bits);
    return ldexp((double)(bits >> (64 - EXACT_BITS)), -EXACT_BITS);
}

/* Box and Muller's. */
static double normal(struct rng rng)
{
    const double radius = sqrt(-2 * log(1 - fault_chance(rng)));

    return radius * cos(2 * acos(-1) * fault_chance(rng));
}

int64_t fault_rule_delay_ns(const struct fault_rule *rule, struct rng rng)
{
    const struct fault_delay *delay = &rule->delay;
    double ns = 0;

    switch (delay->form) {
    case DELAY_NONE:
        return 0;
    case DELAY_FIXED:
        return delay->from_ns;
    case DELAY_UNIFORM:
        ns = (double)delay->from_ns + fault_chance(rng) * (double)(delay->to_ns - delay->from_ns);
        break;
    case DELAY_LOG_NORMAL:
        ns = (double)delay->from_ns * exp(delay->sigma * normal(rng));
        break;
    }
    return ns < (double)FAULT_MAX_DELAY_NS ? (int64_t)ns : FAULT_MAX_DELAY_NS;
}

/* From google.api.http rules to bindings. Whatever cannot work is refused here, at start-up. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/transcode/schema_internal.h"
#include "gateway/transcode/wire.h"
#include "google/api/http.pb-c.h"

typedef Google__Api__HttpRule http_rule;

enum {
    OPTION_ERROR_RULES = 50503, /* proto/hypeman/gateway/v1/transcoding.proto */
    OPTION_TIMEOUT = 50504,
    VERB_MAX = 32,
    CODE_UNAUTHENTICATED = 16, /* the last gRPC status code */
};

#define ALL_VARIABLES(binding) ((UINT32_C(1) << (binding)->variable_count) - 1)

struct compiler {
    struct schema *schema;
    struct rule_place place;
    struct error *err;
};

static bool no_memory(struct compiler *c)
{
    return error_set(c->err, ERROR_NO_MEMORY, "no memory for the descriptor set");
}

static bool refuse(struct compiler *c, const char *format, ...) PRINTF_LIKE(2, 3);

static bool refuse(struct compiler *c, const char *format, ...)
{
    char reason[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(reason, sizeof reason, format, values);
    va_end(values);
    return error_set(c->err, ERROR_INVALID_ARGUMENT, "%s: " TEXT_FMT ": %s", c->place.file,
                     TEXT_ARGS(c->place.method->full_name), reason);
}

static const struct field *find_field(const struct message *message, struct text name)
{
    for (size_t i = 0; message != NULL && i < message->field_count; i++)
        if (text_equal(message->fields[i].name, name))
            return &message->fields[i];
    return NULL;
}

static bool resolve_variable(struct compiler *c, const struct message *request, struct text name,
                             struct field_path *out)
{
    const struct message *at = request;
    struct text rest = name;
    out->length = 0;
    while (rest.data != NULL) {
        struct text step = text_split(&rest, '.');
        const struct field *field = find_field(at, step);
        if (field == NULL)
            return refuse(c, "path variable {" TEXT_FMT "} is not a field of " TEXT_FMT,
                          TEXT_ARGS(name), TEXT_ARGS(request->full_name));
        if (field->is_repeated)
            return refuse(c, "path variable {" TEXT_FMT "} is a repeated field", TEXT_ARGS(name));
        if (out->length == BINDING_MAX_PATH_DEPTH)
            return refuse(c, "path variable {" TEXT_FMT "} is nested too deep", TEXT_ARGS(name));
        out->steps[out->length++] = field;
        at = field->message;
        if (at != NULL && at->form != FORM_OBJECT && rest.data != NULL)
            return refuse(c,
                          "path variable {" TEXT_FMT "} leads into a " TEXT_FMT
                          ", which is one value in JSON",
                          TEXT_ARGS(name), TEXT_ARGS(at->full_name));
    }
    if (at != NULL)
        return refuse(c, "path variable {" TEXT_FMT "} is a message; a path holds single values",
                      TEXT_ARGS(name));
    return true;
}

/* The path variables that lead through `field`, of those whose first `depth` steps led here; a bit
 * each. *takes says that one of them ends at it. */
static uint32_t variables_through(const struct binding *b, uint32_t active, size_t depth,
                                  const struct field *field, bool *takes)
{
    uint32_t inner = 0;
    *takes = false;
    for (uint32_t v = 0; v < b->variable_count; v++) {
        const struct field_path *p = &b->variables[v];
        if ((active >> v & 1) == 0 || p->steps[depth] != field)
            continue;
        *takes |= p->length == depth + 1;
        inner |= UINT32_C(1) << v;
    }
    return inner;
}

static bool check_query(struct compiler *c, const struct binding *b, const struct message *message,
                        uint32_t active, size_t depth);

/* http.proto: what goes into a query is a scalar, a list of scalars or a single message; we add
 * maps of scalars. A single value that has no form there (Struct, Any) is refused when it is set.
 */
static bool check_query_field(struct compiler *c, const struct binding *b, const struct field *f,
                              uint32_t active, size_t depth)
{
    if (f->is_map)
        return message_find_number(f->message, 2)->is_single ||
               refuse(c, "field \"" TEXT_FMT "\" is a map of messages, which a query cannot hold",
                      TEXT_ARGS(f->name));
    if (f->is_single)
        return true;
    if (f->is_repeated)
        return refuse(c,
                      "field \"" TEXT_FMT "\" (" TEXT_FMT
                      ", repeated) cannot be sent in a query; give the rule a body",
                      TEXT_ARGS(f->name), TEXT_ARGS(f->message->full_name));
    /* Deeper than messages may nest nothing is ever sent. */
    return f->message->form != FORM_OBJECT || depth + 1 == WIRE_MAX_DEPTH ||
           check_query(c, b, f->message, active, depth + 1);
}

/* Every field below `message` that would travel in the query must have a form there. */
static bool check_query(struct compiler *c, const struct binding *b, const struct message *message,
                        uint32_t active, size_t depth)
{
    /* A message the path takes nothing from is the same wherever it stands, so it is checked once:
     * a bad one ends the loading. That also ends the walk through one that contains itself. */
    if (active == 0 && depth > 0 && !schema_first_visit(c->schema, message))
        return true;
    for (size_t i = 0; i < message->field_count; i++) {
        const struct field *f = &message->fields[i];
        bool taken = false;
        const uint32_t inner = variables_through(b, active, depth, f, &taken);
        if (!taken && !(depth == 0 && f == b->body_field) &&
            !check_query_field(c, b, f, inner, depth))
            return false;
    }
    return true;
}

/* A token of RFC 9110 5.6.2. */
static bool is_verb(const char *kind)
{
    size_t len = strspn(kind, "!#$%&'*+-.^_`|~0123456789"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return len > 0 && len <= VERB_MAX && kind[len] == '\0';
}

static bool compile_custom(struct compiler *c, const Google__Api__CustomHttpPattern *custom,
                           struct binding *b, const char **path)
{
    if (strcmp(custom->kind, "*") == 0)
        return refuse(c, "custom kind \"*\" leaves open which verb to send");
    if (!is_verb(custom->kind))
        return refuse(c, "custom kind \"%s\" is no HTTP method", custom->kind);
    b->verb = http_method_parse(text_of(custom->kind));
    if (b->verb == HTTP_CONNECT)
        return refuse(c, "custom kind \"CONNECT\" asks for a tunnel, not for a resource");
    b->verb_name = arena_copy(&c->schema->arena, text_of(custom->kind));
    *path = custom->path;
    return b->verb_name != NULL || no_memory(c);
}

static bool compile_pattern(struct compiler *c, const http_rule *rule, struct binding *b,
                            const char **path)
{
    switch (rule->pattern_case) {
    case GOOGLE__API__HTTP_RULE__PATTERN_GET:
        b->verb = HTTP_GET;
        *path = rule->get;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_PUT:
        b->verb = HTTP_PUT;
        *path = rule->put;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_POST:
        b->verb = HTTP_POST;
        *path = rule->post;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_DELETE:
        b->verb = HTTP_DELETE;
        *path = rule->delete_;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_PATCH:
        b->verb = HTTP_PATCH;
        *path = rule->patch;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_CUSTOM:
        return compile_custom(c, rule->custom, b, path);
    case GOOGLE__API__HTTP_RULE__PATTERN__NOT_SET:
    default:
        return refuse(c, "the http rule has neither get, put, post, delete, patch nor custom");
    }
    b->verb_name = http_method_name(b->verb);
    return true;
}

static bool keep_template(struct compiler *c, const char *source, struct path_template **out)
{
    struct schema *s = c->schema;
    if (s->template_count == s->template_capacity) {
        size_t capacity = s->template_capacity == 0 ? 64 : 2 * s->template_capacity;
        struct path_template **grown = realloc(s->templates, capacity * sizeof *grown);
        if (grown == NULL)
            return no_memory(c);
        s->templates = grown;
        s->template_capacity = capacity;
    }
    struct error why = { 0 };
    if (!path_template_parse(text_of(source), out, &why))
        return why.code == ERROR_NO_MEMORY ? error_set(c->err, ERROR_NO_MEMORY, "%s", why.message)
                                           : refuse(c, "%s", why.message);
    s->templates[s->template_count++] = *out;
    return true;
}

static bool is_http_body(const struct field *field)
{
    return !field->is_repeated && field->message != NULL && field->message->form == FORM_HTTP_BODY;
}

static bool compile_whole_body(struct compiler *c, const struct message *request, struct binding *b)
{
    b->body = BODY_ALL;
    b->is_raw = request->form == FORM_HTTP_BODY;
    if (request->form == FORM_OBJECT || b->variable_count == 0)
        return true;
    return refuse(c, "the path takes a field of " TEXT_FMT ", of which the body needs the whole",
                  TEXT_ARGS(request->full_name));
}

static bool compile_body(struct compiler *c, const http_rule *rule, const struct method *m,
                         struct binding *b)
{
    struct text body = text_of(rule->body);
    bool taken = false;
    if (body.len == 0) {
        b->body = BODY_NONE;
        return true;
    }
    if (b->verb == HTTP_HEAD || b->verb == HTTP_TRACE)
        return refuse(c, "%s requests have no body", b->verb_name);
    if (text_equal_cstr(body, "*"))
        return compile_whole_body(c, m->request, b);
    b->body = BODY_FIELD;
    b->body_field = find_field(m->request, body);
    if (b->body_field == NULL)
        return refuse(c, "body \"%s\" is not a field of " TEXT_FMT, rule->body,
                      TEXT_ARGS(m->request->full_name));
    (void)variables_through(b, ALL_VARIABLES(b), 0, b->body_field, &taken);
    if (taken)
        return refuse(c, "field \"%s\" is both in the path and the body", rule->body);
    b->is_raw = is_http_body(b->body_field);
    return true;
}

static bool compile_response_body(struct compiler *c, const http_rule *rule, const struct method *m,
                                  struct binding *b)
{
    struct text name = text_of(rule->response_body);
    b->reply = m->reply;
    b->answers_raw = name.len == 0 && m->reply->form == FORM_HTTP_BODY;
    if (name.len == 0)
        return true;
    b->response_body = find_field(m->reply, name);
    if (b->response_body == NULL)
        return refuse(c, "response_body \"%s\" is not a field of " TEXT_FMT, rule->response_body,
                      TEXT_ARGS(m->reply->full_name));
    b->answers_raw = is_http_body(b->response_body);
    return true;
}

static bool compile_binding(struct compiler *c, const http_rule *rule, const struct method *m,
                            struct binding *b)
{
    const char *source = "";
    struct path_template *path = NULL;
    if (!compile_pattern(c, rule, b, &source) || !keep_template(c, source, &path))
        return false;
    b->path = path;
    b->variable_count = path_template_variable_count(path);
    for (size_t i = 0; i < b->variable_count; i++)
        if (!resolve_variable(c, m->request, path_template_variable(path, i), &b->variables[i]))
            return false;
    return compile_body(c, rule, m, b) && compile_response_body(c, rule, m, b) &&
           (b->body == BODY_ALL || check_query(c, b, m->request, ALL_VARIABLES(b), 0));
}

static bool compile_rule(struct compiler *c, const http_rule *rule, struct method *m)
{
    size_t count = 1 + rule->n_additional_bindings;
    struct binding *bindings = arena_zalloc(&c->schema->arena, count * sizeof *bindings);
    if (bindings == NULL)
        return no_memory(c);
    for (size_t i = 0; i < count; i++) {
        const http_rule *one = i == 0 ? rule : rule->additional_bindings[i - 1];
        if (i > 0 && one->n_additional_bindings > 0)
            return refuse(c, "additional_bindings cannot be nested");
        if (!compile_binding(c, one, m, &bindings[i]))
            return false;
    }
    m->bindings = bindings;
    m->binding_count = count;
    return true;
}

bool schema_compile_rule(struct schema *schema, struct rule_place place, struct text bytes,
                         struct method *method, struct error *err)
{
    struct compiler compiler = { schema, place, err };
    const uint32_t additional_bindings = 11;
    http_rule *rule = NULL;
    if (schema_nesting_fits(bytes, NULL, 0, additional_bindings))
        rule = google__api__http_rule__unpack(NULL, bytes.len, (const uint8_t *)bytes.data);
    if (rule == NULL)
        return refuse(&compiler, "the http rule cannot be read");
    bool compiled = compile_rule(&compiler, rule, method);
    google__api__http_rule__free_unpacked(rule, NULL);
    return compiled;
}

/* ErrorRule { int32 http_status = 1; string reason = 2; string message_prefix = 3; Code code = 4 }
 */
static bool read_error_rule(struct schema *schema, struct text bytes, struct error_rule *out,
                            struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    bool more = false;
    for (;;) {
        struct wire_record record = { 0 };
        if (!wire_next(&reader, &record, &more, err))
            return false;
        if (!more)
            return true;
        struct text kept = { arena_copy(&schema->arena, record.bytes), record.bytes.len };
        if (kept.data == NULL)
            return error_set(err, ERROR_NO_MEMORY, "no memory for the descriptor set");
        if (record.number == 1)
            out->http_status = (int)record.value;
        else if (record.number == 2)
            out->reason = kept;
        else if (record.number == 3)
            out->message_prefix = kept;
        else if (record.number == 4)
            out->code = (int)record.value;
    }
}

bool schema_compile_error_rules(struct schema *schema, struct rule_place place,
                                const ProtobufCMessage *options, struct method *method,
                                struct error *err)
{
    struct compiler compiler = { schema, place, err };
    struct option_value option;
    size_t count = 0;
    while (option_find(options, OPTION_ERROR_RULES, count, &option))
        count++;
    if (count == 0)
        return true;
    struct error_rule *rules = arena_zalloc(&schema->arena, count * sizeof *rules);
    if (rules == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the descriptor set");
    for (size_t i = 0; i < count; i++) {
        struct error why = { 0 };
        if (!option_find(options, OPTION_ERROR_RULES, i, &option) ||
            !read_error_rule(schema, option.bytes, &rules[i], &why))
            return why.code == ERROR_NO_MEMORY
                       ? error_set(err, ERROR_NO_MEMORY, "%s", why.message)
                       : refuse(&compiler, "an error rule cannot be read: %s", why.message);
        if (rules[i].code < 1 || rules[i].code > CODE_UNAUTHENTICATED)
            return refuse(&compiler, "an error rule's code must be a gRPC error code");
    }
    method->error_rules = rules;
    method->error_rule_count = count;
    return true;
}

/* Duration { int64 seconds = 1; int32 nanos = 2 }, rounded down. */
static bool read_duration_ms(struct text bytes, int64_t *out_ms, struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    int64_t seconds = 0;
    int64_t nanos = 0;
    bool more = true;
    while (more) {
        struct wire_record record = { 0 };
        if (!wire_next(&reader, &record, &more, err))
            return false;
        if (more && record.number == 1 && record.type == WIRE_VARINT)
            seconds = (int64_t)record.value;
        else if (more && record.number == 2 && record.type == WIRE_VARINT)
            nanos = (int64_t)record.value;
    }
    const bool is_near = seconds >= 0 && seconds <= METHOD_TIMEOUT_MAX_MS / 1000 && nanos >= 0 &&
                         nanos < INT64_C(1000000000);
    *out_ms = is_near ? seconds * 1000 + nanos / 1000000 : 0;
    return true;
}

bool schema_compile_timeout(struct schema *schema, struct rule_place place,
                            const ProtobufCMessage *options, struct method *method,
                            struct error *err)
{
    struct compiler compiler = { schema, place, err };
    struct option_value option;
    struct error why = { 0 };
    int64_t ms = 0;
    if (!option_find(options, OPTION_TIMEOUT, 0, &option))
        return true;
    if (!read_duration_ms(option.bytes, &ms, &why))
        return refuse(&compiler, "the timeout cannot be read: %s", why.message);
    if (ms < METHOD_TIMEOUT_MIN_MS || ms > METHOD_TIMEOUT_MAX_MS)
        return refuse(&compiler, "the timeout must be from 1 millisecond to 24 hours");
    method->timeout_ms = ms;
    return true;
}

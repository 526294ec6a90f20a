#include "conformance/rpc/api.h"

#include <string.h>

#include "google/api/http.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"

enum { TABLES_MAX = 4 << 20, METHODS_MAX = 256, MESSAGES_MAX = 512, NAME_MAX_LEN = 256 };

/* Field numbers of the options, as proto/ gives them. */
enum { OPTION_JSON_VALUE = 50501, OPTION_DURATION_FORM = 50502, OPTION_HTTP = 72295728 };

typedef Google__Protobuf__FileDescriptorSet file_set;
typedef Google__Protobuf__DescriptorProto message_source;
typedef Google__Protobuf__EnumDescriptorProto enum_source;
typedef Google__Protobuf__FieldDescriptorProto field_source;
typedef Google__Protobuf__MethodDescriptorProto method_source;
typedef Google__Protobuf__FileDescriptorProto file_source;

struct loader {
    const file_set *set;
    struct rpc_api *api;
    struct rpc_message *messages[MESSAGES_MAX]; /* those that methods reach */
    size_t message_count;
};

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool unknown(struct error *err, const char *name, const char *what)
{
    return error_set(err, ERROR_INVALID_ARGUMENT, "%s: %s", name, what);
}

/* ---- the set ---- */

/* What follows "package." of a name that is of this package. */
static const char *within_package(const file_source *file, const char *name)
{
    size_t len = file->package == NULL ? 0 : strlen(file->package);

    return strncmp(name, file->package, len) == 0 && name[len] == '.' ? name + len + 1 : NULL;
}

static const message_source *find_nested(message_source *const *messages, size_t count,
                                         const char *name)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(messages[i]->name);
        if (strncmp(messages[i]->name, name, len) != 0)
            continue;
        if (name[len] == '\0')
            return messages[i];
        if (name[len] == '.')
            return find_nested(messages[i]->nested_type, messages[i]->n_nested_type,
                               name + len + 1);
    }
    return NULL;
}

static const message_source *find_message(const file_set *set, const char *name)
{
    const message_source *found = NULL;

    for (size_t i = 0; found == NULL && i < set->n_file; i++) {
        const char *rest = within_package(set->file[i], name);
        if (rest != NULL)
            found = find_nested(set->file[i]->message_type, set->file[i]->n_message_type, rest);
    }
    return found;
}

static const enum_source *find_enum(const file_set *set, const char *name)
{
    for (size_t i = 0; i < set->n_file; i++) {
        const file_source *file = set->file[i];
        const char *rest = within_package(file, name);
        for (size_t e = 0; rest != NULL && e < file->n_enum_type; e++) {
            if (strcmp(file->enum_type[e]->name, rest) == 0)
                return file->enum_type[e];
        }
    }
    return NULL;
}

/* An option that protobuf-c does not know; what is length-delimited still has its length. */
static struct text find_option(const ProtobufCMessage *options, uint32_t number)
{
    for (unsigned i = 0; options != NULL && i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
        struct text bytes = { (const char *)field->data, field->len };
        if (field->tag != number)
            continue;
        while (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && bytes.len > 0) {
            bool last = ((unsigned char)bytes.data[0] & 0x80) == 0;
            bytes = (struct text){ bytes.data + 1, bytes.len - 1 };
            if (last)
                break;
        }
        return bytes;
    }
    return (struct text){ 0 };
}

/* ---- messages ---- */

static bool link_enum(struct loader *l, const char *name, const struct rpc_enum **out,
                      struct error *err)
{
    const enum_source *source = find_enum(l->set, name);
    struct arena *arena = &l->api->arena;

    if (source == NULL)
        return unknown(err, name, "the enum is not in the set");
    struct rpc_enum *made = arena_zalloc(arena, sizeof *made);
    struct rpc_enum_value *values = arena_zalloc(arena, source->n_value * sizeof *values);
    if (made == NULL || values == NULL)
        return no_memory(err);
    *made = (struct rpc_enum){ .name = arena_copy(arena, text_of(name)), .values = values };
    for (size_t i = 0; i < source->n_value; i++) {
        const Google__Protobuf__EnumValueDescriptorProto *value = source->value[i];
        const struct text json =
            find_option(value->options == NULL ? NULL : &value->options->base, OPTION_JSON_VALUE);
        if (json.data == NULL)
            continue;
        values[made->count].number = value->number;
        values[made->count].json = arena_copy(arena, json);
        if (values[made->count++].json == NULL)
            return no_memory(err);
    }
    *out = made;
    return made->name != NULL || no_memory(err);
}

static bool link_message(struct loader *l, const char *name, const struct rpc_message **out,
                         struct error *err);

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define REPEATED   GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED

static bool link_well_known(const field_source *source, struct rpc_field *out, struct error *err)
{
    if (strcmp(source->type_name, ".google.protobuf.Timestamp") == 0) {
        out->kind = RPC_TIMESTAMP;
        return true;
    }
    const struct text form =
        find_option(source->options == NULL ? NULL : &source->options->base, OPTION_DURATION_FORM);
    out->kind = RPC_DURATION;
    return (strcmp(source->type_name, ".google.protobuf.Duration") == 0 && form.len == 1 &&
            form.data[0] == 1) ||
           unknown(err, source->name, "has a type that is not known here");
}

static bool link_type(struct loader *l, const field_source *source, struct rpc_field *out,
                      struct error *err)
{
    static const struct {
        int type;
        enum rpc_kind kind;
    } scalars[] = {
        { TYPE(STRING), RPC_STRING }, { TYPE(BOOL), RPC_BOOL },     { TYPE(INT32), RPC_INT32 },
        { TYPE(INT64), RPC_INT64 },   { TYPE(DOUBLE), RPC_DOUBLE },
    };
    for (size_t i = 0; i < ARRAY_LEN(scalars); i++) {
        out->kind = scalars[i].kind;
        if ((int)source->type == scalars[i].type)
            return true;
    }
    if (source->type == TYPE(ENUM)) {
        out->kind = RPC_ENUM;
        return link_enum(l, source->type_name + 1, &out->values, err);
    }
    out->kind = RPC_MESSAGE;
    if (source->type != TYPE(MESSAGE))
        return unknown(err, source->name, "has a type that is not known here");
    if (strncmp(source->type_name, ".google.protobuf.", strlen(".google.protobuf.")) == 0)
        return link_well_known(source, out, err);
    return link_message(l, source->type_name + 1, &out->message, err);
}

static bool is_map(const struct loader *l, const field_source *source)
{
    const message_source *entry =
        source->type == TYPE(MESSAGE) ? find_message(l->set, source->type_name + 1) : NULL;

    return entry != NULL && entry->options != NULL && entry->options->map_entry;
}

static bool link_field(struct loader *l, const field_source *source, struct rpc_field *out,
                       struct error *err)
{
    const bool is_synthetic = source->proto3_optional;

    *out = (struct rpc_field){ .name = arena_copy(&l->api->arena, text_of(source->name)),
                               .number = (uint32_t)source->number,
                               .repeated = source->label == REPEATED,
                               .map = is_map(l, source) };
    if (out->name == NULL)
        return no_memory(err);
    if (source->has_oneof_index && !is_synthetic)
        return unknown(err, source->name, "is of a oneof, which is not known here");
    if (!link_type(l, source, out, err))
        return false;
    out->presence = !out->repeated && (is_synthetic || out->kind >= RPC_MESSAGE);
    return !out->map || (out->message->count == 2 && out->message->fields[0].kind == RPC_STRING) ||
           unknown(err, source->name, "is a map with keys that are not known here");
}

static bool link_message(struct loader *l, const char *name, const struct rpc_message **out,
                         struct error *err)
{
    const message_source *source = find_message(l->set, name);
    struct arena *arena = &l->api->arena;

    for (size_t i = 0; i < l->message_count; i++) {
        *out = l->messages[i];
        if (strcmp(l->messages[i]->name, name) == 0)
            return true;
    }
    if (source == NULL || l->message_count == MESSAGES_MAX)
        return unknown(err, name, "the message is not in the set, or one too many");
    struct rpc_message *made = arena_zalloc(arena, sizeof *made);
    struct rpc_field *fields = arena_zalloc(arena, (source->n_field + 1) * sizeof *fields);
    const char *kept = arena_copy(arena, text_of(name));
    if (made == NULL || fields == NULL || kept == NULL)
        return no_memory(err);
    *made = (struct rpc_message){ .name = kept, .fields = fields, .count = source->n_field };
    *out = l->messages[l->message_count++] = made; /* before its fields, which may be of it */
    for (size_t i = 0; i < source->n_field; i++) {
        if (!link_field(l, source->field[i], &fields[i], err))
            return error_prefix(err, "%s: ", name);
    }
    return true;
}

/* ---- methods ---- */

static bool read_rule(const Google__Api__HttpRule *rule, struct rpc_method *out, struct error *err)
{
    static const struct {
        int pattern;
        const char *verb;
    } verbs[] = {
        { GOOGLE__API__HTTP_RULE__PATTERN_GET, "GET" },
        { GOOGLE__API__HTTP_RULE__PATTERN_PUT, "PUT" },
        { GOOGLE__API__HTTP_RULE__PATTERN_POST, "POST" },
        { GOOGLE__API__HTTP_RULE__PATTERN_DELETE, "DELETE" },
        { GOOGLE__API__HTTP_RULE__PATTERN_PATCH, "PATCH" },
    };
    const bool whole_body = strcmp(rule->body, "*") == 0;

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if ((int)rule->pattern_case == verbs[i].pattern)
            out->verb = verbs[i].verb;
    }
    out->has_body = whole_body;
    out->whole = rpc_field_named(out->reply, text_of(rule->response_body));
    if (out->verb == NULL || rule->n_additional_bindings > 0 ||
        (rule->body[0] != '\0' && !whole_body) ||
        (rule->response_body[0] != '\0' && out->whole == NULL))
        return unknown(err, out->path, "its HTTP rule has a form that is not known here");
    return path_template_parse(text_of(rule->get), &out->route, err); /* all are one union */
}

static bool add_method(struct loader *l, const char *service, const method_source *source,
                       struct error *err)
{
    struct rpc_method *m = &l->api->methods[l->api->method_count];
    const struct text bytes =
        find_option(source->options == NULL ? NULL : &source->options->base, OPTION_HTTP);

    if (bytes.data == NULL || source->client_streaming)
        return unknown(err, source->name, "has no HTTP rule, or takes a stream");
    if (l->api->method_count == METHODS_MAX)
        return unknown(err, source->name, "is one method too many");
    m->path = arena_printf(&l->api->arena, "/%s/%s", service, source->name);
    m->streams = source->server_streaming;
    if (m->path == NULL)
        return no_memory(err);
    if (!link_message(l, source->input_type + 1, &m->request, err) ||
        !link_message(l, source->output_type + 1, &m->reply, err))
        return false;
    Google__Api__HttpRule *rule =
        google__api__http_rule__unpack(NULL, bytes.len, (const uint8_t *)bytes.data);
    if (rule == NULL)
        return unknown(err, m->path, "its HTTP rule cannot be read");
    bool ok = read_rule(rule, m, err);
    google__api__http_rule__free_unpacked(rule, NULL);
    l->api->method_count += ok;
    return ok;
}

static bool load(struct loader *l, struct error *err)
{
    l->api->methods = arena_zalloc(&l->api->arena, METHODS_MAX * sizeof *l->api->methods);
    if (l->api->methods == NULL)
        return no_memory(err);
    for (size_t f = 0; f < l->set->n_file; f++) {
        const file_source *file = l->set->file[f];
        for (size_t s = 0; s < file->n_service; s++) {
            const Google__Protobuf__ServiceDescriptorProto *service = file->service[s];
            const char *name = arena_printf(&l->api->arena, "%s.%s", file->package, service->name);
            if (name == NULL)
                return no_memory(err);
            for (size_t m = 0; m < service->n_method; m++) {
                if (!add_method(l, name, service->method[m], err))
                    return false;
            }
        }
    }
    return l->api->method_count > 0 ||
           error_set(err, ERROR_INVALID_ARGUMENT, "the descriptor set has no method");
}

bool rpc_api_load(struct text bytes, struct rpc_api *out, struct error *err)
{
    struct rpc_api api = { .arena = arena_capped(TABLES_MAX) };
    file_set *set =
        google__protobuf__file_descriptor_set__unpack(NULL, bytes.len, (const uint8_t *)bytes.data);
    struct loader loader = { .set = set, .api = &api };

    if (set == NULL)
        return error_set(err, ERROR_INVALID_ARGUMENT, "this is no descriptor set");
    bool ok = load(&loader, err);
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
    if (ok)
        *out = api;
    else
        rpc_api_fini(&api);
    return ok;
}

void rpc_api_fini(struct rpc_api *api)
{
    for (size_t i = 0; i < api->method_count; i++)
        path_template_free(api->methods[i].route);
    arena_fini(&api->arena);
    *api = (struct rpc_api){ 0 };
}

/* ---- looking up ---- */

const struct rpc_field *rpc_field_named(const struct rpc_message *message, struct text name)
{
    for (size_t i = 0; i < message->count; i++) {
        if (text_equal_cstr(name, message->fields[i].name))
            return &message->fields[i];
    }
    return NULL;
}

const struct rpc_field *rpc_field_numbered(const struct rpc_message *message, uint64_t number)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->fields[i].number == number)
            return &message->fields[i];
    }
    return NULL;
}

const struct rpc_method *rpc_api_find(const struct rpc_api *api, const char *verb, struct text path,
                                      struct text captures[static PATH_TEMPLATE_MAX_VARIABLES])
{
    for (size_t i = 0; i < api->method_count; i++) {
        const struct rpc_method *method = &api->methods[i];
        if (strcmp(method->verb, verb) == 0 && path_template_match(method->route, path, captures))
            return method;
    }
    return NULL;
}

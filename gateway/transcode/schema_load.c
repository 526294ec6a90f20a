/* From a serialized FileDescriptorSet to tables: messages, enums, services. */
#include "gateway/transcode/schema_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/transcode/well_known.h"
#include "gateway/transcode/wire.h"
#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorSet file_set;
typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;
typedef Google__Protobuf__MethodDescriptorProto method_proto;

enum {
    SCHEMA_MAX_BYTES = 64 << 20,
    /* Extension numbers of proto/google/api/annotations.proto and
     * proto/hypeman/gateway/v1/transcoding.proto. */
    OPTION_HTTP_RULE = 72295728,
    OPTION_JSON_VALUE = 50501,
    OPTION_DURATION_FORM = 50502,
    DURATION_FORM_GO = 1,
};

struct loader {
    struct schema *schema;
    const char *file; /* being read, for messages */
    struct error *err;
};

static bool no_memory(struct loader *l)
{
    return error_set(l->err, ERROR_NO_MEMORY, "no memory for the descriptor set");
}

static struct text keep(struct loader *l, const char *s)
{
    struct text t = text_of(s);
    return (struct text){ arena_copy(&l->schema->arena, t), t.len };
}

/* "scope.name", or "name" at the root. */
static struct text qualified(struct loader *l, struct text scope, const char *name)
{
    char *joined = arena_printf(&l->schema->arena, TEXT_FMT "%s%s", TEXT_ARGS(scope),
                                scope.len == 0 ? "" : ".", name == NULL ? "" : name);
    return text_of(joined);
}

bool option_find(const ProtobufCMessage *options, uint32_t extension, size_t nth,
                 struct option_value *out)
{
    if (options == NULL)
        return false;
    for (unsigned i = 0; i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
        if (field->tag != extension || nth-- > 0)
            continue;
        struct wire_reader reader =
            wire_reader_from((struct text){ (const char *)field->data, field->len });
        *out = (struct option_value){ 0 };
        if (!wire_read_varint(&reader, &out->number))
            return false;
        if (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            out->bytes = (struct text){ (const char *)reader.at, (size_t)(reader.end - reader.at) };
        return true;
    }
    return false;
}

/* `room` is what is left of SCHEMA_MAX_NESTING. */
static bool nesting_fits(struct text bytes, const uint32_t *way, size_t steps, uint32_t self,
                         size_t room)
{
    struct wire_reader reader = wire_reader_from(bytes);
    for (;;) {
        struct wire_record record = { 0 };
        struct error ignored = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, &ignored))
            return false;
        if (!more)
            return true;
        if (record.type != WIRE_BYTES || record.number != (steps > 0 ? way[0] : self))
            continue;
        if (steps > 0 ? !nesting_fits(record.bytes, way + 1, steps - 1, self, room)
                      : room == 0 || !nesting_fits(record.bytes, way, 0, self, room - 1))
            return false;
    }
}

bool schema_nesting_fits(struct text bytes, const uint32_t *way, size_t steps, uint32_t self)
{
    return nesting_fits(bytes, way, steps, self, SCHEMA_MAX_NESTING);
}

static bool add_type(struct loader *l, struct text full_name, struct message *message,
                     struct enumeration *enumeration)
{
    struct type_entry *entry = arena_zalloc(&l->schema->arena, sizeof *entry);
    if (entry == NULL || full_name.data == NULL)
        return no_memory(l);
    entry->full_name = full_name;
    entry->message = message;
    entry->enumeration = enumeration;
    struct type_entry *same = NULL;
    HASH_FIND(hh, l->schema->types, full_name.data, full_name.len, same);
    if (same != NULL)
        return error_set(l->err, ERROR_INVALID_ARGUMENT, "%s: " TEXT_FMT " is defined twice",
                         l->file, TEXT_ARGS(full_name));
    HASH_ADD_KEYPTR(hh, l->schema->types, entry->full_name.data, entry->full_name.len, entry);
    return entry->hh.tbl != NULL || no_memory(l);
}

/* First pass: every name gets its (still empty) table, so that fields may refer to any. */

static bool declare_enum(struct loader *l, struct text scope, const enum_proto *proto)
{
    struct enumeration *e = arena_zalloc(&l->schema->arena, sizeof *e);
    struct enum_value *values =
        arena_zalloc(&l->schema->arena, (proto->n_value + 1) * sizeof *values);
    if (e == NULL || values == NULL)
        return no_memory(l);

    bool has_spellings = false;
    for (size_t i = 0; i < proto->n_value; i++) {
        struct option_value option;
        const Google__Protobuf__EnumValueOptions *options = proto->value[i]->options;
        values[i].number = proto->value[i]->number;
        values[i].name = keep(l, proto->value[i]->name);
        if (values[i].name.data == NULL)
            return no_memory(l);
        if (option_find(options == NULL ? NULL : &options->base, OPTION_JSON_VALUE, 0, &option)) {
            values[i].json.data = arena_copy(&l->schema->arena, option.bytes);
            values[i].json.len = option.bytes.len;
            if (values[i].json.data == NULL)
                return no_memory(l);
            has_spellings = true;
        }
    }
    /* Without any json_value the names are the spellings, as in proto3 JSON. With one, a value
     * that has none (…_UNSPECIFIED) does not exist in the API and is never sent. */
    for (size_t i = 0; i < proto->n_value && !has_spellings; i++)
        values[i].json = values[i].name;

    e->full_name = qualified(l, scope, proto->name);
    e->is_null = text_equal_cstr(e->full_name, "google.protobuf.NullValue");
    e->values = values;
    e->value_count = proto->n_value;
    return add_type(l, e->full_name, NULL, e);
}

static bool declare_message(struct loader *l, struct text scope, const message_proto *proto)
{
    struct message *m = arena_zalloc(&l->schema->arena, sizeof *m);
    if (m == NULL)
        return no_memory(l);
    m->full_name = qualified(l, scope, proto->name);
    if (!add_type(l, m->full_name, m, NULL))
        return false;
    m->form = well_known_form(m->full_name);
    if (proto->options != NULL && proto->options->map_entry)
        m->form = FORM_MAP_ENTRY;

    for (size_t i = 0; i < proto->n_enum_type; i++)
        if (!declare_enum(l, m->full_name, proto->enum_type[i]))
            return false;
    for (size_t i = 0; i < proto->n_nested_type; i++)
        if (!declare_message(l, m->full_name, proto->nested_type[i]))
            return false;
    return true;
}

static const char *file_name(const file_proto *file)
{
    return file->name == NULL ? "(a file without a name)" : file->name;
}

static bool declare_file(struct loader *l, const file_proto *file)
{
    l->file = file_name(file);
    struct text package = keep(l, file->package);
    for (size_t i = 0; i < file->n_enum_type; i++)
        if (!declare_enum(l, package, file->enum_type[i]))
            return false;
    for (size_t i = 0; i < file->n_message_type; i++)
        if (!declare_message(l, package, file->message_type[i]))
            return false;
    return true;
}

/* Second pass: fields. */

/* protoc writes the default lowerCamelCase json_name into every field; only another one was chosen
 * by the author and counts. */
static bool is_default_json_name(const char *name, const char *json_name)
{
    bool upper = false;
    for (; *name != '\0'; name++) {
        if (*name == '_') {
            upper = true;
            continue;
        }
        char c = upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        upper = false;
        if (*json_name++ != c)
            return false;
    }
    return *json_name == '\0';
}

static struct type_entry *find_type(struct loader *l, const char *type_name)
{
    if (type_name == NULL || type_name[0] != '.')
        return NULL;
    struct type_entry *entry = NULL;
    HASH_FIND(hh, l->schema->types, type_name + 1, strlen(type_name + 1), entry);
    return entry;
}

static bool resolve_type(struct loader *l, const struct message *owner, const field_proto *proto,
                         struct field *f)
{
    if (f->type != TYPE_MESSAGE && f->type != TYPE_ENUM)
        return true;
    const struct type_entry *entry = find_type(l, proto->type_name);
    if (entry != NULL && f->type == TYPE_MESSAGE)
        f->message = entry->message;
    if (entry != NULL && f->type == TYPE_ENUM)
        f->enumeration = entry->enumeration;
    if (f->message == NULL && f->enumeration == NULL)
        return error_set(l->err, ERROR_INVALID_ARGUMENT,
                         "%s: field " TEXT_FMT "." TEXT_FMT
                         " has type %s, which the descriptor set lacks (was it made with "
                         "--include_imports?)",
                         l->file, TEXT_ARGS(owner->full_name), TEXT_ARGS(f->name),
                         proto->type_name == NULL ? "?" : proto->type_name);
    return true;
}

static bool bad_field(struct loader *l, const struct message *owner, const field_proto *proto,
                      const char *format, ...) PRINTF_LIKE(4, 5);

static bool bad_field(struct loader *l, const struct message *owner, const field_proto *proto,
                      const char *format, ...)
{
    char why[128];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(why, sizeof why, format, values);
    va_end(values);
    return error_set(l->err, ERROR_INVALID_ARGUMENT, "%s: field " TEXT_FMT ".%s %s", l->file,
                     TEXT_ARGS(owner->full_name), proto->name, why);
}

/* protoc guarantees all this; a file may have come from elsewhere. */
static bool check_field(struct loader *l, const message_proto *message, const struct message *owner,
                        const field_proto *proto)
{
    const int type = (int)proto->type;
    if (proto->name == NULL || proto->name[0] == '\0')
        return error_set(l->err, ERROR_INVALID_ARGUMENT,
                         "%s: " TEXT_FMT " has a field without a name", l->file,
                         TEXT_ARGS(owner->full_name));
    if (proto->number < WIRE_MIN_FIELD_NUMBER || proto->number > WIRE_MAX_FIELD_NUMBER)
        return bad_field(l, owner, proto, "has the impossible number %d", proto->number);
    if (!proto->has_type || type < TYPE_DOUBLE || type > TYPE_SINT64)
        return bad_field(l, owner, proto, "has no type");
    if (type == TYPE_GROUP)
        return bad_field(l, owner, proto, "is a proto2 group, which has no JSON");
    if (proto->has_oneof_index &&
        (proto->oneof_index < 0 || (size_t)proto->oneof_index >= message->n_oneof_decl))
        return bad_field(l, owner, proto, "is in a oneof that does not exist");
    return true;
}

static bool define_field(struct loader *l, const struct message *owner, const field_proto *proto,
                         bool is_proto2, struct field *f)
{
    struct option_value option;
    const bool in_oneof = proto->has_oneof_index && !proto->proto3_optional;
    const bool is_default =
        proto->json_name == NULL || is_default_json_name(proto->name, proto->json_name);
    f->name = keep(l, proto->name);
    f->json_name = is_default ? f->name : keep(l, proto->json_name);
    if (is_default && proto->json_name != NULL && strcmp(proto->name, proto->json_name) != 0) {
        f->camel_name = keep(l, proto->json_name);
        if (f->camel_name.data == NULL)
            return no_memory(l);
    }
    f->number = (uint32_t)proto->number;
    f->type = (enum field_type)proto->type;
    f->is_repeated =
        proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
    f->oneof = in_oneof ? proto->oneof_index : -1;
    f->is_go_duration = proto->options != NULL &&
                        option_find(&proto->options->base, OPTION_DURATION_FORM, 0, &option) &&
                        option.number == DURATION_FORM_GO;
    if (f->name.data == NULL || f->json_name.data == NULL)
        return no_memory(l);
    if (!resolve_type(l, owner, proto, f))
        return false;
    f->is_map = f->is_repeated && f->message != NULL && f->message->form == FORM_MAP_ENTRY;
    f->is_single = f->message == NULL || form_is_single(f->message->form);
    f->takes_null = !f->is_repeated && ((f->message != NULL && f->message->form == FORM_VALUE) ||
                                        (f->enumeration != NULL && f->enumeration->is_null));
    f->has_presence = !f->is_repeated &&
                      (f->type == TYPE_MESSAGE || in_oneof || proto->proto3_optional || is_proto2);
    return true;
}

static int by_field_number(const void *a, const void *b, void *fields)
{
    const struct field *f = fields;
    uint32_t left = f[*(const uint16_t *)a].number;
    uint32_t right = f[*(const uint16_t *)b].number;
    return (left > right) - (left < right);
}

/* Where the name stands, or the free slot where it would. */
static uint16_t *find_slot(uint16_t *by_name, uint32_t mask, const struct field *fields,
                           struct text name, bool camel)
{
    uint32_t at = schema_hash(name) & mask;
    for (; by_name[at] != 0; at = (at + 1) & mask) {
        const struct field *field = &fields[by_name[at] - 1];
        if (text_equal(field->json_name, name) ||
            (camel && field->camel_name.data != NULL && text_equal(field->camel_name, name)))
            break;
    }
    return &by_name[at];
}

static bool index_names(struct loader *l, struct message *m, struct field *fields)
{
    uint32_t slots = 4;
    while (slots < 4u * m->field_count)
        slots *= 2;
    uint16_t *by_name = arena_zalloc(&l->schema->arena, slots * sizeof *by_name);
    if (by_name == NULL)
        return no_memory(l);
    for (uint16_t i = 0; i < m->field_count; i++) {
        uint16_t *slot = find_slot(by_name, slots - 1, fields, fields[i].json_name, false);
        if (*slot != 0)
            return error_set(l->err, ERROR_INVALID_ARGUMENT,
                             "%s: " TEXT_FMT " has two fields with the JSON name " TEXT_FMT,
                             l->file, TEXT_ARGS(m->full_name), TEXT_ARGS(fields[i].json_name));
        *slot = (uint16_t)(i + 1);
    }
    /* The name a field is written by goes before the one another is also understood by. */
    for (uint16_t i = 0; i < m->field_count; i++) {
        const struct text name = fields[i].camel_name;
        fields[i].camel_name.data = NULL;
        uint16_t *slot =
            name.data == NULL ? NULL : find_slot(by_name, slots - 1, fields, name, true);
        if (slot == NULL || *slot != 0)
            continue;
        fields[i].camel_name = name;
        *slot = (uint16_t)(i + 1);
    }
    m->by_name = by_name;
    m->by_name_mask = slots - 1;
    return true;
}

static bool index_numbers(struct loader *l, struct message *m, struct field *fields)
{
    uint16_t *by_number = arena_zalloc(&l->schema->arena, m->field_count * sizeof *by_number);
    if (by_number == NULL)
        return no_memory(l);
    for (uint16_t i = 0; i < m->field_count; i++)
        by_number[i] = i;
    qsort_r(by_number, m->field_count, sizeof *by_number, by_field_number, fields);
    for (uint16_t i = 1; i < m->field_count; i++)
        if (fields[by_number[i]].number == fields[by_number[i - 1]].number)
            return error_set(l->err, ERROR_INVALID_ARGUMENT,
                             "%s: " TEXT_FMT " has two fields with the number %u", l->file,
                             TEXT_ARGS(m->full_name), fields[by_number[i]].number);
    m->by_number = by_number;
    return true;
}

static bool check_well_known(struct loader *l, struct message *m)
{
    const uint32_t odd = well_known_odd_field(m);
    if (odd != 0)
        return error_set(l->err, ERROR_INVALID_ARGUMENT,
                         "%s: " TEXT_FMT " is not what goes by that name: its field %u differs",
                         l->file, TEXT_ARGS(m->full_name), odd);
    if (m->form == FORM_WRAPPER)
        m->wrapped = message_find_number(m, 1);
    return true;
}

static bool is_map_key(enum field_type type)
{
    return type != TYPE_DOUBLE && type != TYPE_FLOAT && type != TYPE_BYTES && type != TYPE_ENUM &&
           type != TYPE_MESSAGE;
}

static bool check_map_entry(struct loader *l, const struct message *m)
{
    const struct field *key = message_find_number(m, 1);
    const struct field *value = message_find_number(m, 2);
    if (key != NULL && value != NULL && !key->is_repeated && !value->is_repeated &&
        is_map_key(key->type))
        return true;
    return error_set(l->err, ERROR_INVALID_ARGUMENT,
                     "%s: " TEXT_FMT " is a map entry without a fitting key and value", l->file,
                     TEXT_ARGS(m->full_name));
}

static bool define_message(struct loader *l, struct text scope, const message_proto *proto,
                           bool is_proto2)
{
    struct text full_name = qualified(l, scope, proto->name);
    struct type_entry *entry = NULL;
    if (full_name.data != NULL)
        HASH_FIND(hh, l->schema->types, full_name.data, full_name.len, entry);
    if (entry == NULL)
        return no_memory(l);
    struct message *m = entry->message;

    if (proto->n_field > UINT16_MAX - 1 || proto->n_oneof_decl > UINT16_MAX - 1)
        return error_set(l->err, ERROR_INVALID_ARGUMENT, "%s: " TEXT_FMT " has too many fields",
                         l->file, TEXT_ARGS(full_name));
    struct field *fields = arena_zalloc(&l->schema->arena, (proto->n_field + 1) * sizeof *fields);
    if (fields == NULL)
        return no_memory(l);
    for (size_t i = 0; i < proto->n_field; i++)
        if (!check_field(l, proto, m, proto->field[i]) ||
            !define_field(l, m, proto->field[i], is_proto2, &fields[i]))
            return false;
    m->fields = fields;
    m->field_count = (uint16_t)proto->n_field;
    m->oneof_count = (uint16_t)proto->n_oneof_decl;
    if (m->field_count > 0 && (!index_names(l, m, fields) || !index_numbers(l, m, fields)))
        return false;
    if ((m->form == FORM_MAP_ENTRY && !check_map_entry(l, m)) || !check_well_known(l, m))
        return false;

    for (size_t i = 0; i < proto->n_nested_type; i++)
        if (!define_message(l, full_name, proto->nested_type[i], is_proto2))
            return false;
    return true;
}

static bool define_file(struct loader *l, const file_proto *file)
{
    l->file = file_name(file);
    const bool is_proto2 = file->syntax == NULL || strcmp(file->syntax, "proto3") != 0;
    for (size_t i = 0; i < file->n_message_type; i++)
        if (!define_message(l, text_of(file->package), file->message_type[i], is_proto2))
            return false;
    return true;
}

/* Third pass: services. */

static bool define_method(struct loader *l, struct text service, const method_proto *proto,
                          struct method *m)
{
    if (service.data == NULL)
        return no_memory(l);
    if (proto->name == NULL || proto->name[0] == '\0')
        return error_set(l->err, ERROR_INVALID_ARGUMENT,
                         "%s: " TEXT_FMT " has a method without a name", l->file,
                         TEXT_ARGS(service));
    const struct type_entry *request = find_type(l, proto->input_type);
    const struct type_entry *reply = find_type(l, proto->output_type);
    if (request == NULL || reply == NULL || request->message == NULL || reply->message == NULL)
        return error_set(l->err, ERROR_INVALID_ARGUMENT,
                         "%s: " TEXT_FMT ".%s uses a message the descriptor set lacks (was it made "
                         "with --include_imports?)",
                         l->file, TEXT_ARGS(service), proto->name);
    m->full_name = qualified(l, service, proto->name);
    m->path = text_of(
        arena_printf(&l->schema->arena, "/" TEXT_FMT "/%s", TEXT_ARGS(service), proto->name));
    if (m->full_name.data == NULL || m->path.data == NULL)
        return no_memory(l);
    m->request = request->message;
    m->reply = reply->message;
    m->client_streams = proto->client_streaming;
    m->server_streams = proto->server_streaming;

    struct option_value rule;
    const ProtobufCMessage *options = proto->options == NULL ? NULL : &proto->options->base;
    const struct rule_place place = { l->file, m };
    if (!schema_compile_error_rules(l->schema, place, options, m, l->err) ||
        !schema_compile_timeout(l->schema, place, options, m, l->err))
        return false;
    if (!option_find(options, OPTION_HTTP_RULE, 0, &rule))
        return true; /* served as UNIMPLEMENTED */
    return schema_compile_rule(l->schema, place, rule.bytes, m, l->err);
}

static bool same_route(const struct binding *a, const struct binding *b)
{
    return strcmp(a->verb_name, b->verb_name) == 0 && path_template_equal(a->path, b->path);
}

/* Two rules that send the same request to the same place: one of them was meant otherwise, or is
 * never taken. */
static bool check_unique(struct loader *l, const struct method *m)
{
    for (const struct method *other = l->schema->methods; other <= m; other++)
        for (size_t i = 0; i < m->binding_count; i++)
            for (size_t k = 0; k < (other == m ? i : other->binding_count); k++)
                if (same_route(&m->bindings[i], &other->bindings[k]))
                    return error_set(l->err, ERROR_INVALID_ARGUMENT,
                                     "%s: " TEXT_FMT ": %s " TEXT_FMT
                                     " is already the rule of " TEXT_FMT,
                                     l->file, TEXT_ARGS(m->full_name), m->bindings[i].verb_name,
                                     TEXT_ARGS(path_template_source(m->bindings[i].path)),
                                     TEXT_ARGS(other->full_name));
    return true;
}

static bool add_method(struct loader *l, const struct method *m)
{
    struct method_entry *entry = arena_zalloc(&l->schema->arena, sizeof *entry);
    if (entry == NULL)
        return no_memory(l);
    if (schema_find_method(l->schema, m->path) != NULL)
        return error_set(l->err, ERROR_INVALID_ARGUMENT,
                         "%s: " TEXT_FMT ": the method is defined twice", l->file,
                         TEXT_ARGS(m->full_name));
    entry->method = m;
    HASH_ADD_KEYPTR(hh, l->schema->methods_by_path, m->path.data, m->path.len, entry);
    return entry->hh.tbl != NULL || no_memory(l);
}

static bool define_services(struct loader *l, const file_set *set)
{
    size_t total = 0;
    for (size_t i = 0; i < set->n_file; i++)
        for (size_t k = 0; k < set->file[i]->n_service; k++)
            total += set->file[i]->service[k]->n_method;
    if (total == 0)
        return error_set(l->err, ERROR_INVALID_ARGUMENT, "the descriptor set has no service");
    l->schema->methods = calloc(total, sizeof *l->schema->methods);
    if (l->schema->methods == NULL)
        return no_memory(l);

    for (size_t i = 0; i < set->n_file; i++) {
        const file_proto *file = set->file[i];
        l->file = file_name(file);
        for (size_t k = 0; k < file->n_service; k++) {
            struct text service = qualified(l, text_of(file->package), file->service[k]->name);
            for (size_t n = 0; n < file->service[k]->n_method; n++) {
                struct method *m = &l->schema->methods[l->schema->method_count];
                if (!define_method(l, service, file->service[k]->method[n], m) ||
                    !add_method(l, m) || !check_unique(l, m))
                    return false;
                l->schema->method_count++;
            }
        }
    }
    return true;
}

static bool build(struct loader *l, const file_set *set)
{
    for (size_t i = 0; i < set->n_file; i++)
        if (!declare_file(l, set->file[i]))
            return false;
    for (size_t i = 0; i < set->n_file; i++)
        if (!define_file(l, set->file[i]))
            return false;
    return define_services(l, set);
}

bool schema_load(struct text descriptor_set, struct schema **out, struct error *err)
{
    static const uint32_t message_types[] = { 1, 4 }; /* file.message_type, which has ... */
    const uint32_t nested_type = 3;
    file_set *set = NULL;
    if (schema_nesting_fits(descriptor_set, message_types, ARRAY_LEN(message_types), nested_type))
        set = google__protobuf__file_descriptor_set__unpack(NULL, descriptor_set.len,
                                                            (const uint8_t *)descriptor_set.data);
    if (set == NULL)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "not a serialized FileDescriptorSet (make one with protoc "
                         "--include_imports --descriptor_set_out)");
    struct loader loader = { .schema = calloc(1, sizeof(struct schema)), .file = "", .err = err };
    bool built = false;
    if (loader.schema == NULL) {
        no_memory(&loader);
    } else {
        loader.schema->arena = arena_capped(SCHEMA_MAX_BYTES);
        built = build(&loader, set);
    }
    google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
    if (!built) {
        schema_free(loader.schema);
        return false;
    }
    *out = loader.schema;
    return true;
}
